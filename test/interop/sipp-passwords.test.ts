/** SIPp as a phone at our proxy, and as a registrar for our user agent: challenges answered well and badly. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { UserAgent } from "#sip/user-agent.ts";
import { userLine } from "#sip/user-line.ts";
import { openProxy } from "../../servers/proxy/proxy.ts";
import { parseUsers } from "../../servers/users.ts";
import { plays } from "../support/sipp.ts";
import { until } from "../support/until.ts";

const HOST = "127.0.0.1";
const REALM = "community.test";
const scenario = (name: string) => join(import.meta.dirname, "sipp", `${name}.xml`);

describe("SIPp as a phone of our proxy", () => {
  for (const name of ["registers-with-its-password", "registers-with-a-wrong-password"]) {
    for (const transport of ["u1", "t1"] as const) {
      test(`${name.replaceAll("-", " ")}, ${transport === "u1" ? "UDP" : "TCP"}`, async (t) => {
        const users = parseUsers(userLine("carol", REALM, "porpoise", ["MD5"]) ?? "");
        const proxy = await openProxy({ host: HOST, port: 0, users });
        t.after(() => proxy.close());

        await plays(scenario(name), {
          target: { host: HOST, port: Number(proxy.address.split(":").at(-1)) },
          transport,
        });
      });
    }
  }
});

describe("SIPp as the registrar of our user agent", () => {
  const outcomes = { "finds-the-nonce-stale": "registered", "finds-the-password-wrong": "failed" } as const;
  for (const [name, outcome] of Object.entries(outcomes)) {
    test(`${name.replaceAll("-", " ")}, and the account is ${outcome}`, async (t) => {
      const registrar = await plays(scenario(name), { background: true });
      const agent = await UserAgent.open({ host: HOST, port: 0, name: "carol", identity: {} });
      t.after(() => agent.close());

      const account = agent.register({
        aor: `sip:carol@${HOST}:${registrar.port}`,
        secret: { username: "carol", realm: REALM, password: "porpoise" },
      });
      await until(() => account.state !== "registering", "the registrar's last word");

      assert.equal(account.state, outcome);
      await registrar.finished;
    });
  }
});
