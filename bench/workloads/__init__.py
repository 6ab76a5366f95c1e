# SPDX-License-Identifier: MIT
"""What is run under the contestants. Everything is generated when it is needed, none of it is kept.

programs     programs that run once from start to end
redis        a server under its load generator
sql csource json_churn.py threads.c    the inputs
"""
