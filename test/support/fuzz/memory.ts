/** How much memory a process of ours has, as Linux tells it. */
import { readFileSync } from "node:fs";

/** Resident megabytes. */
export function residentMb(pid: number): number {
  const [, kilobytes = "0"] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}
