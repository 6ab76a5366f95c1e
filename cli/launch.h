/* SPDX-License-Identifier: MIT */
/* launch.h - making a program start under a chosen allocator, and making it refuse to start under
 * another.
 *
 * Everything is done by the environment that the program gets: LD_PRELOAD brings the allocator, and
 * libccmem_verify.so, which ends the program before its main when another allocator serves. So
 * the process that prepares the environment can become the program, and none stands between.
 */
#ifndef CCI_LAUNCH_H
#define CCI_LAUNCH_H

/* Is there an allocator of that name? Returns CCI_GO_ON or a status, with a message. */
int cci_launch_check_name(const char *command, const char *allocator);

/* Change this process' environment to that of a program under the allocator; NULL is the one of the
 * platform's policy. Returns CCI_GO_ON or a status, with a message. */
int cci_launch_environment(const char *command, const char *allocator);

#endif
