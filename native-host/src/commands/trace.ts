/** `partyline trace`: the SIP messages of the service as they come and go, drawn as a ladder and kept for Wireshark. */
import type { ApiClient } from "../api/client.ts";
import { type Config, loadConfig } from "../config.ts";
import { configFile, wantsColour } from "../environment.ts";
import { CaptureFile } from "../sip/capture-file.ts";
import type { Traced } from "../sip/trace.ts";
import { bracketed } from "../sip/uri.ts";
import { el, type XmlElement } from "../xml/strict.ts";
import { type CliCommand, CommandError, type Input, print, UsageError } from "./command.ts";
import { Ladder, type Step } from "./ladder.ts";
import { knownNames, PartyNames } from "./party-names.ts";
import { portsFrom } from "./ports.ts";
import { Retransmissions } from "./retransmissions.ts";
import { withService } from "./talk.ts";
import { readTraced, type Summary, summarize } from "./traced-message.ts";

export const trace: CliCommand = {
  summary: "Draws the SIP call flow of the service as it happens, until Ctrl-C.",
  usage: "[--pcap FILE] [--name ADDRESS=NAME]… [--json]",
  options: {
    pcap: { type: "string", value: "FILE", help: "also write what Wireshark opens" },
    name: { type: "string", multiple: true, value: "A=NAME", help: "call HOST:PORT by that name" },
  },
  words: [0, 0],
  run: async (input) => {
    const known = await settings(input);
    const view = input.flag("json") ? asJson(known) : asLadder(known);
    return withService(input, (client) => follow(client, view, input.text("pcap")));
  },
};

/** The width of a file or pipe, which has none. */
const PLAIN_WIDTH = 120;
const SELF = "service";

type View = (message: Traced) => void;

/** Until the user ends it; throws CommandError when the service does. */
async function follow(client: ApiClient, view: View, pcap: string | undefined): Promise<number> {
  using capture = pcap === undefined ? undefined : openCapture(pcap);
  client.onDocument = ({ name, children }) => {
    const [happened] = name === "Event" ? children : [];
    if (happened)
      show(happened, (message) => {
        capture?.add(message);
        view(message);
      });
  };
  const stopped = untilStopped();
  await client.request(el("Subscribe", { to: "trace" }));
  process.stderr.write("tracing; Ctrl-C ends it\n");
  const byUser = await Promise.race([stopped, client.closed.then(() => false)]);
  if (!byUser) throw new CommandError("The SIP service ended.");
  return 0;
}

function show(happened: XmlElement, view: View): void {
  const message = readTraced(happened);
  if (message) view(message);
  const { lost } = happened.attributes;
  if (happened.name === "Lagged") process.stderr.write(`${lost} messages came too fast and are missing\n`);
}

function untilStopped(): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve(true));
  return promise;
}

async function settings(input: Input): Promise<Known> {
  const config = await loadConfig(input.text("config") ?? configFile());
  const names = knownNames(config, portsFrom(input.text("port-base")), input.text("bind") ?? "127.0.0.1");
  for (const given of input.list("name")) {
    const [, address, name] = /^(.+:\d+)=(.+)$/.exec(given) ?? [];
    if (!address || !name) throw new UsageError(`--name ${given} is not HOST:PORT=NAME.`);
    names.set(address, name);
  }
  return { names, phones: phonesOf(config) };
}

interface Known {
  readonly names: Map<string, string>;
  /** What the user's phones may be called. */
  readonly phones: ReadonlySet<string>;
}

/** A softphone is called by what it says it is. */
function phonesOf({ devices = [] }: Config): ReadonlySet<string> {
  return new Set(["baresip", ...devices.map(({ id }) => id)]);
}

/** A message with the names of its two ends. */
interface Told extends Step, Pick<Summary, "callId" | "cseq"> {
  readonly transport: string;
}

function teller(names: PartyNames): (message: Traced) => Told {
  const sent = new Retransmissions();
  return (message) => {
    const { at, direction, transport, peer } = message;
    const { sentBy, agent, ...summary } = summarize(message);
    const address = `${bracketed(peer.address)}:${peer.port}`;
    // On a connection that the peer opened its port says nothing, its Via does.
    const addresses = sentBy === undefined || transport === "UDP" ? [address] : [address, sentBy];
    if (direction === "in" && agent !== undefined) names.learn(addresses.at(-1) ?? address, agent);
    const other = names.of(addresses);
    const [from, to] = direction === "in" ? [other, SELF] : [SELF, other];
    return { at, transport, from, to, again: sent.isRepeated(message), ...summary };
  };
}

function asLadder({ names, phones }: Known): View {
  const { stdout } = process;
  const ladder = new Ladder({
    width: () => stdout.columns ?? PLAIN_WIDTH,
    coloured: wantsColour(stdout),
    left: phones,
  });
  const tell = teller(new PartyNames(names, (old, name) => ladder.rename(old, name)));
  return (message) => {
    for (const line of ladder.draw(tell(message))) print(line);
  };
}

function asJson({ names }: Known): View {
  const tell = teller(new PartyNames(names, () => undefined));
  return (message) => {
    const { at, tone: _tone, ...told } = tell(message);
    print(
      JSON.stringify({ time: at.toISOString(), ...told, text: Buffer.from(message.bytes).toString("utf8") }),
    );
  };
}

function openCapture(path: string): CaptureFile {
  try {
    return new CaptureFile(path, { application: "partyline trace" });
  } catch (cause) {
    throw new CommandError(`${path} cannot be written: ${cause instanceof Error ? cause.message : cause}`);
  }
}
