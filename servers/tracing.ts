/** What a server tells of its SIP: one line a message on standard error, and a capture for Wireshark. */

import { CaptureFile } from "#sip/capture-file.ts";
import { FlowLog } from "#sip/flow-log.ts";
import { Watch } from "#sip/trace.ts";
import { hostPort, parseUri } from "#sip/uri.ts";

export interface TracingOptions {
  /** The server's name. */
  readonly name: string;
  /** Whether to print the call flow. */
  readonly flow: boolean;
  /** A file to go on with; all servers of one run may write into the same. */
  readonly pcap: string | undefined;
  /** Counts every message. */
  readonly metrics?: { readonly trace: OnTrace } | undefined;
}

/** A stack's `onTrace`. */
type OnTrace = Watch["trace"];

export class Tracing {
  readonly #options: TracingOptions;
  readonly #watch = new Watch();

  /** Throws as the system does when the capture cannot be written. */
  constructor(options: TracingOptions) {
    this.#options = options;
    if (options.pcap === undefined) return;
    const capture = new CaptureFile(options.pcap, { application: `partyline ${options.name}`, append: true });
    this.#watch.follow((message) => capture.add(message));
  }

  /** The server listens at `address`, with or without `sip:`. */
  listening(address: string): void {
    const uri = parseUri(/^sips?:/.test(address) ? address : `sip:${address}`);
    if (!uri) return;
    const { host, port } = hostPort(uri);
    this.#watch.local = { address: host, port: Number(port) };
  }

  /** For the stack; nothing when nobody wants to see anything. `peers` names addresses, as FlowLog takes them. */
  trace(peers: Readonly<Record<string, string>> = {}): { readonly onTrace?: OnTrace } {
    const { name, flow, pcap, metrics } = this.#options;
    if (!flow && pcap === undefined) return metrics ? { onTrace: metrics.trace } : {};
    const line = flow
      ? new FlowLog({ ...peers }, (text) => process.stderr.write(`${text}\n`)).trace(name)
      : undefined;
    return {
      onTrace: (...message) => {
        line?.(...message);
        metrics?.trace(...message);
        this.#watch.trace(...message);
      },
    };
  }
}
