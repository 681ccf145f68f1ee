/** A call flow as it happened, to compare with one as people write it. */
import assert from "node:assert/strict";
import type { Hop, SipMessage } from "#sip/message.ts";

type Trace = (direction: "in" | "out", message: SipMessage, peer: Hop) => void;

/** Records who said what to whom, and prints it the way an RFC draws a call flow. */
export class Ladder {
  readonly #steps: string[] = [];
  readonly #names = new Map<number, string>();
  readonly #seen = new Set<string>();

  /** Whose port this is. */
  name(port: number, name: string): void {
    this.#names.set(port, name);
  }

  record(from: string, to: string, message: string): void {
    this.#steps.push(`${from} -> ${to}: ${message}`);
  }

  /** For a user agent or stack: records what it sends, each message once, without 100 Trying. */
  trace(self: string): Trace {
    return (direction, message, peer) => {
      if (direction === "in" || ("status" in message && message.status === 100)) return;
      const key = `${self} ${peer.port} ${startLine(message)} ${message.headers["call-id"]} ${message.headers.cseq.seq}`;
      if (this.#seen.has(key)) return;
      this.#seen.add(key);
      this.record(self, this.#names.get(peer.port) ?? `port ${peer.port}`, describe(message));
    };
  }

  /** The steps that fit all of these words. */
  steps(...words: readonly string[]): string[] {
    return this.#steps.filter((step) => words.every((word) => step.includes(word)));
  }

  /** Takes out the steps that are not what a test is about. */
  drop(isAside: (step: string) => boolean): void {
    const kept = this.#steps.filter((step) => !isAside(step));
    this.#steps.splice(0, this.#steps.length, ...kept);
  }

  clear(): void {
    this.#steps.length = 0;
  }

  /** Compare with a flow as one writes it in a test; the diff of a failure is itself a call flow. */
  reads(flow: string): void {
    const expected = flow.split("\n").map((line) => line.trim().replace(/\s+/g, " "));
    assert.equal(this.#steps.join("\n"), expected.filter(Boolean).join("\n"));
  }
}

function startLine(message: SipMessage): string {
  return "method" in message ? message.method : `${message.status} ${message.headers.cseq.method}`;
}

/** `INVITE sdp`, `200`, `NOTIFY full`: what a reader of the flow wants to know. */
function describe(message: SipMessage): string {
  const what = "method" in message ? message.method : String(message.status);
  const { headers, content } = message;
  const replaces = headers["replaces"] === undefined ? "" : " replaces";
  const list = content.includes("<resource-lists") ? " list" : "";
  if (/^v=0/m.test(content)) return `${what}${replaces} sdp${list}`;
  const roster = / state="(full|partial)" version="(\d+)"/.exec(content);
  if (roster) return `${what} ${roster[1]} ${roster[2]}`;
  const state = headers["subscription-state"];
  const over = typeof state === "string" && state.startsWith("terminated") ? ` ${state}` : "";
  return `${what}${replaces}${over}`;
}
