# SPDX-License-Identifier: MIT
"""The benchmark harness: it runs contestants side by side and knows its own noise.

errors    one exception, which carries the exit code
options   the command line
order     in which order contestants run
stats     medians, bootstrap intervals, what may be claimed
measure   one run of one command: wall, CPU of the process tree, peaks of memory
machine   what it ran on
contest   rounds of contestants
rivals    many contestants of which some may be missing
micro     cases of a micro-benchmark binary as contestants
result    from samples to results and to the JSON document
table     results as text
peers     versions of peers that are no packages
page      results as one HTML page
compare   two JSON documents
progress  one line on a terminal
"""
