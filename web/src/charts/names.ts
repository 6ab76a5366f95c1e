// SPDX-License-Identifier: MIT
// Threads of the report and what to call them.
import type { Report } from "../data/schema";

export interface Thread {
  readonly thread_id: number;
  readonly thread_name: string | null;
  readonly alloc_count: number;
  readonly alloc_bytes: number;
  readonly free_count: number | null;
  readonly cross_thread_frees_sent: number | null;
  readonly cross_thread_frees_received: number | null;
  readonly alloc_latency_p50: number | null;
  readonly alloc_latency_p99: number | null;
  readonly free_latency_p99: number | null;
}

export function threadsOf(report: Report): readonly Thread[] {
  return report.thread_stats ?? [];
}

/** By index in thread_stats. Many threads have the same name, so the system's number is with it. */
export function threadName(report: Report, index: number): string {
  const thread = threadsOf(report)[index];
  if (!thread) return `thread ${index}`;
  return thread.thread_name ? `${thread.thread_name} (${thread.thread_id})` : `thread ${thread.thread_id}`;
}
