import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { SipUri } from "#sip/message.ts";
import { UserAgent, type UserAgentOptions } from "#sip/user-agent.ts";
import { ca } from "../support/certificates.ts";
import { answerAt, offerAt } from "../support/descriptions.ts";
import { preamble, runKamailio, tlsConfig } from "../support/kamailio.ts";
import { freePorts } from "../support/ports.ts";

const HOST = "127.0.0.1";
const MODULES = "tls tm sl rr pv usrloc registrar siputils textops xlog nathelper xhttp websocket rtimer";

/** A registrar and proxy that takes whoever comes by WebSocket, and calls them back on their connection. */
async function config(port: number, folder: string): Promise<string> {
  await writeFile(join(folder, "tls.cfg"), tlsConfig());
  return `${await preamble(port, folder, MODULES)}
tcp_accept_no_cl=yes

request_route {
	force_rport();
	if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
	if (is_method("REGISTER")) { fix_nated_register(); save("location"); exit; }
	if (is_method("INVITE")) add_contact_alias();
	t_on_reply("ALIAS");
	if (has_totag()) {
		if (loose_route()) { if ($du == "") handle_ruri_alias(); t_relay(); }
		else if (is_method("ACK") && t_check_trans()) t_relay();
		exit;
	}
	record_route();
	if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
	t_relay();
}
onreply_route[ALIAS] { add_contact_alias(); }
event_route[xhttp:request] {
	if ($hdr(Upgrade) =~ "websocket") { ws_handle_handshake(); exit; }
	xhttp_reply("404", "Not Found", "", "");
}
`;
}

async function startKamailio() {
  const folder = await mkdtemp(join(tmpdir(), "partyline-kamailio-ws-"));
  const port = await freePorts(2);
  const file = join(folder, "kamailio.cfg");
  await writeFile(file, await config(port, folder));
  const program = await runKamailio(file, folder);
  const stop = async () => {
    await program.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { port, stop };
}

/** A phone that has no listener Kamailio could call: all goes over its one WebSocket. */
async function phone(name: string, proxy: SipUri, options: Partial<UserAgentOptions> = {}) {
  const heard: string[] = [];
  const agent = await UserAgent.open({
    host: HOST,
    port: 0,
    name,
    identity: { uri: `sip:${name}@${HOST}` },
    outboundProxy: proxy,
    ca,
    onTrace: (direction, message, { protocol }) => {
      if (direction === "in" && "method" in message) heard.push(`${message.method} ${protocol}`);
    },
    ...options,
  });
  const registered = Promise.withResolvers<void>();
  agent.register({
    aor: `sip:${name}@${HOST}`,
    registrar: proxy,
    onState: (state) => {
      if (state === "registered") registered.resolve();
      if (state === "failed") registered.reject(new Error(`${name} is not registered`));
    },
  });
  await registered.promise;
  return { agent, heard };
}

describe("two phones on the WebSocket of a Kamailio", () => {
  let kamailio: Awaited<ReturnType<typeof startKamailio>>;
  before(async () => {
    kamailio = await startKamailio();
  });
  after(() => kamailio.stop());

  for (const protocol of ["WS", "WSS"] as const) {
    const proxy = (): SipUri =>
      protocol === "WS"
        ? `sip:localhost:${kamailio.port};transport=ws`
        : `sip:localhost:${kamailio.port + 1};transport=wss`;

    for (const quitter of ["alice", "bob"] as const) {
      test(`register by ${protocol} and call each other, and ${quitter} hangs up`, async () => {
        const { alice, bob } = await callEachOther(proxy(), quitter);

        const told = quitter === "alice" ? bob : alice;
        assert.equal(told.at(-1), `BYE ${protocol}`);
        assert.deepEqual(bob.slice(0, 2), [`INVITE ${protocol}`, `ACK ${protocol}`]);
      });
    }
  }
});

/** Resolves with what each of them was asked once both have left. */
async function callEachOther(proxy: SipUri, quitter: "alice" | "bob") {
  const bob = await phone("bob", proxy, {
    onInvite: (invite) => void invite.accept(answerAt(5000, invite.offer ?? "")),
  });
  const alice = await phone("alice", proxy);
  const ended = Promise.withResolvers<unknown>();
  const { leg } = await alice.agent.invite(`sip:bob@${HOST}`, { offer: offerAt(4000) });
  leg.handlers = { onEnded: ended.resolve };
  if (quitter === "alice") await leg.bye();
  else {
    for (const other of bob.agent.legs()) await other.bye();
    await ended.promise;
  }
  await Promise.all([alice.agent.close(), bob.agent.close()]);
  return { alice: alice.heard, bob: bob.heard };
}
