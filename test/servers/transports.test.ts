import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { UserAgent } from "#sip/user-agent.ts";
import { openConferenceServer } from "../../servers/conference/server.ts";
import { openProxy } from "../../servers/proxy/proxy.ts";
import { readTransports } from "../../servers/transports.ts";
import { ca, certified } from "../support/certificates.ts";

const file = (name: string) => join(import.meta.dirname, "../support/certificates", name);
const certificate = file("localhost.pem");
const key = file("localhost.key");

describe("the words of a server", () => {
  test("name its certificate, and TLS is on the port after that of SIP", () => {
    const { tls, ws, wss } = readTransports({ certificate, key, "ws-port": "0", origin: [] }, 5070);

    assert.equal(tls?.port, 5071);
    assert.match(tls?.certificate ?? "", /BEGIN CERTIFICATE/);
    assert.deepEqual([ws, wss], [{ port: 0 }, undefined]);
  });

  test("name who is asked about domains", () => {
    const servers = ["192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353"];

    assert.deepEqual(readTransports({ origin: [], "name-server": servers }, 5070).dns, { servers });
  });

  const mistakes = [
    [{ certificate }, "--certificate and --key belong together."],
    [{ "tls-port": "5061" }, "--tls-port needs --certificate and --key."],
    [{ "wss-port": "443" }, "--wss-port needs --certificate and --key."],
    [{ "name-server": ["dns.example"] }, "--name-server dns.example is not an address."],
    [{ "ws-port": "many" }, "--ws-port many is not a port."],
    [{ certificate: file("nothing"), key }, `${file("nothing")} cannot be read.`],
    [{ certificate: file("ca.pem"), key }, `${key} is not the key of the certificate in ${file("ca.pem")}.`],
    [{ origin: ["films.test"] }, "--origin films.test is not an origin such as https://example.com."],
  ] as const;
  for (const [values, message] of mistakes) {
    test(`are refused: ${message.replaceAll(/\S*\/certificates\//g, "")}`, () => {
      assert.throws(() => readTransports({ origin: [], ...values }, 5070), { message });
    });
  }
});

describe("proxy and conference server", () => {
  test("are asked over TLS and WebSocket what they can", async () => {
    const shared = {
      host: "127.0.0.1",
      port: 0,
      tls: certified("localhost"),
      ws: { port: 0 },
      wss: { port: 0 },
    };
    const log = { info: () => {}, error: () => {} };
    const mixer = "sip:127.0.0.1:5090" as const;
    const servers = [
      await openProxy(shared),
      await openConferenceServer({ ...shared, mixers: [mixer], log }),
    ];
    const alice = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "alice", identity: {}, ca });

    for (const { ports } of servers) {
      const uris = [
        `sips:localhost:${ports.tls}`,
        `sip:localhost:${ports.ws};transport=ws`,
        `sips:localhost:${ports.wss};transport=ws`,
      ] as const;
      for (const uri of uris) assert.equal((await alice.request("OPTIONS", uri)).status, 200);
    }

    await alice.close();
    await Promise.all(servers.map((server) => server.close()));
  });
});
