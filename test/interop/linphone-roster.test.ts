/** Linphone follows the roster of a conference by its own client of RFC 4575, as its log says; it does so only with an account that is registered. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { freePort } from "../../native-host/src/devices/free-port.ts";
import { runOwnProgram } from "../../native-host/src/devices/own-program.ts";
import { offerAt } from "../support/descriptions.ts";
import { startConference, startMixer, startProxy } from "../support/servers.ts";
import { until } from "../support/until.ts";

/** Linphone asks for the roster at the default port, whatever port it called. */
const CONFERENCE = "127.0.75.1";
const REGISTRAR = "127.0.75.2";
const PORT = "5060";
const ROOM: SipUri = `sip:films@${CONFERENCE}:${PORT}`;

describe("Linphone in a conference", { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  const log: string[] = [];
  let people: UserAgent;
  let linphone: { write(line: string): void };

  const says = (...words: readonly string[]) =>
    until(() => log.some((line) => words.every((word) => line.includes(word))), words.join(" … "));
  const joins = async (name: string): Promise<Leg> => {
    const from = { name, uri: `sip:${name}@example.com` } as const;
    return (await people.invite(ROOM, { offer: offerAt(4000), from })).leg;
  };

  before(async () => {
    const mixer = await startMixer();
    stack.defer(async () => void (await mixer.stop()));
    for (const [start, host] of [
      [(args: string[]) => startConference(mixer, { args }), CONFERENCE],
      [(args: string[]) => startProxy({ args }), REGISTRAR],
    ] as const) {
      const server = await start(["--bind", host, "--port", PORT]);
      stack.defer(async () => void (await server.stop()));
    }
    people = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "people", identity: {} });
    stack.defer(() => people.close());
    linphone = await startLinphone(stack, log);
    await says("moving from state [LinphoneRegistrationProgress] to [LinphoneRegistrationOk]");
  });

  after(() => stack.disposeAsync());

  test("shows who is there, who comes and who leaves", async () => {
    const bobs = await joins("bob");
    linphone.write(`call ${ROOM}`);
    await says("from state CreationPending to Created");
    await says("with address sip:bob@example.com");
    const carols = await joins("carol");
    await says("Addition of participant", "sip:carol@example.com", "has been successful");
    await carols.bye();
    await says("Removal of participant", "sip:carol@example.com", "has been successful");

    await bobs.bye();
    linphone.write("terminate");
    await says("from state Terminated to Deleted");
  });
});

async function startLinphone(stack: AsyncDisposableStack, log: string[]) {
  const folder = await mkdtemp(join(tmpdir(), "partyline-linphone-"));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, "linphonerc");
  await writeFile(file, profile(await freePort("127.0.0.1")));
  const program = await runOwnProgram({
    program: "linphonec",
    args: ["-d", "6", "-c", file],
    directory: folder,
    environment: { PATH: process.env["PATH"] ?? "", HOME: folder, XDG_DATA_HOME: folder },
    onLine: (line) => void log.push(line),
  });
  stack.defer(async () => {
    program.write("quit");
    await program.stop();
  });
  program.write("soundcard use files");
  return program;
}

function profile(port: number): string {
  return `[sip]
sip_port=${port}
sip_tcp_port=${port}
sip_tls_port=0
use_ipv6=0
ipv6_migration_done=1
default_proxy=0
register_only_when_network_is_up=0
[proxy_0]
reg_proxy=<sip:${REGISTRAR}:${PORT}>
reg_identity="Lin" <sip:lin@${REGISTRAR}>
reg_expires=600
reg_sendregister=1
publish=0
[rtp]
audio_rtp_port=-1
video_rtp_port=-1
[storage]
uri=null
[audio_codec_0]
mime=PCMU
rate=8000
channels=1
enabled=1
`;
}
