/** The conference factory behind Kamailio: each server in turn makes one, and everybody finds it by its name. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Leg } from "#sip/leg.ts";
import type { SipUri } from "#sip/message.ts";
import { parseUri } from "#sip/uri.ts";
import { UserAgent } from "#sip/user-agent.ts";
import { KamailioSite } from "../support/kamailio-site.ts";
import { RtpParty } from "../support/rtp-party.ts";

const HOST = "127.0.0.1";

describe("The factory of two conference servers behind Kamailio", () => {
  let site: KamailioSite;
  let agent: UserAgent;
  const parties: RtpParty[] = [];

  before(async () => {
    site = await KamailioSite.start(2);
    agent = await UserAgent.open({
      host: HOST,
      port: 0,
      name: "phones",
      identity: {},
      outboundProxy: site.proxy(),
    });
  });

  after(async () => {
    await agent?.close();
    for (const party of parties) party.close();
    await site?.stop();
  });

  async function calls(who: string, name: string, hz: number): Promise<{ leg: Leg; rtp: RtpParty }> {
    const rtp = await RtpParty.open({ hz });
    parties.push(rtp);
    const from: SipUri = `sip:${who}@elsewhere.test`;
    const { leg, answer } = await agent.invite(site.room(name), { offer: rtp.offer(), from: { uri: from } });
    rtp.talkTo(answer);
    return { leg, rtp };
  }

  const madeBy = ({ leg }: { readonly leg: Leg }) => parseUri(leg.remoteContact.uri);

  test("makes one on each in turn, and those who are told a name are in the conference of that name", async () => {
    const hosts: (string | undefined)[] = [];
    for (let at = 0; at < 4; at += 1) {
      const alice = await calls(`alice${at}`, "factory", 400);
      const made = madeBy(alice);
      assert.match(made?.user ?? "", new RegExp(`^alice${at}-[0-9a-f]{32}$`));
      const bob = await calls("bob", made?.user ?? "", 900);
      assert.equal(madeBy(bob)?.host, made?.host);
      await Promise.all([alice.rtp.hears(900), bob.rtp.hears(400)]);
      hosts.push(made?.host);
    }

    for (const { host } of site.machines) assert.equal(hosts.filter((one) => one === host).length, 2, host);
  });
});
