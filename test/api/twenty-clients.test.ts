import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";
import type { XmlElement } from "../../native-host/src/xml/strict.ts";
import { errorCode, Talker } from "../support/api-cast.ts";
import { Crowd } from "../support/crowd.ts";
import { Daemon } from "../support/daemon.ts";
import { below, randomFrom } from "../support/random.ts";
import { until } from "../support/until.ts";

const CLIENTS = 20;
const LIVES = 8;
const COMMANDS = 12;

describe("A service with 20 clients at once, killed at random", () => {
  const seed = Date.now() % 2 ** 31;
  const random = randomFrom(seed);
  let crowd: Crowd;
  let service: Daemon;

  before(async () => {
    crowd = await Crowd.open(random);
    const devices = Array.from({ length: CLIENTS }, (_, n) => {
      const id = `desk${n}`;
      return { kind: "sip", id, uri: crowd.address(id), anchor: n % 2 === 0 };
    });
    service = await Daemon.start({ name: "alice", config: { devices } });
  });
  after(async () => {
    await service.stop();
    await crowd.agent.close();
  });

  async function talker(): Promise<Talker> {
    const socket = connect(service.socketPath);
    await once(socket, "connect");
    return new Talker(socket);
  }

  /** Something an application might say, of calls and of other things, sensible or not. */
  function command(desk: string): string {
    const room = crowd.address(
      `${["room", "room", "room", "busy", "silent"][below(random, 5)]}${below(random, 6)}`,
    );
    const kinds = [
      `<Join id="${room}"><Use dev="${desk}"/></Join>`,
      `<Join id="${room}"><Use dev="${desk}"/></Join>`,
      `<Join id="${room}"><Use dev="${desk}"/></Join>`,
      `<Join id="${room}"><Use dev="${desk}"/></Join>`,
      `<SameDeviceJoin id="${room}"/>`,
      `<SameDeviceJoin id="${room}" fallback="error"/>`,
      `<ExternalJoin id="${room}" timeout="300"/>`,
      `<Use dev="desk${below(random, CLIENTS)}"/>`,
      "<Leave/>",
      '<Leave hangup="false"/>',
      "<Mute/>",
      "<Hold/>",
      "<Resume/>",
      '<Dtmf digits="1"/>',
      '<Subscribe to="calls"/>',
      '<Subscribe to="prompts"/>',
      '<Unsubscribe sub="s1"/>',
      '<Choose prompt="p1" dev="desk1"/>',
      "<Devices/>",
      "<Status/>",
      "<Teleport/>",
    ];
    return kinds[below(random, kinds.length)] ?? "<Ping/>";
  }

  /** One connection; the reqs of one that stayed to hear its Results, undefined of one that was killed. */
  async function live(
    desk: string,
  ): Promise<{ readonly talker: Talker; readonly sent: readonly string[] } | undefined> {
    const client = await talker();
    const killedAt = random() < 0.5 ? below(random, COMMANDS) : COMMANDS;
    const sent: string[] = [];
    for (let n = 0; n < killedAt; n += 1) {
      const req = `${desk}-${n}`;
      sent.push(req);
      client.say(command(desk).replace(/^<\w+/, (head) => `${head} req="${req}" `));
      if (random() < 0.5) await delay(below(random, 60));
      else await turn();
    }
    if (killedAt < COMMANDS) {
      await client.end();
      return undefined;
    }
    await settle(client, sent);
    return { talker: client, sent };
  }

  /** Hangs up what rings for good, and waits for the last Result. */
  async function settle(client: Talker, sent: readonly string[]): Promise<void> {
    const left = new Set<string>();
    const isOpen = (req: string) =>
      !client.heard.some(({ name, attributes }) => name === "Result" && attributes["req"] === req);
    const settled = () => {
      for (const { name, attributes } of client.heard) {
        const { call = "", req } = attributes;
        if (name !== "Accepted" || left.has(call) || !isOpen(req ?? "")) continue;
        left.add(call);
        client.say(`<Leave req="leave-${call}" call="${call}"/>`);
      }
      return !sent.some(isOpen);
    };
    await delay(200);
    await until(settled, `a Result for each of ${sent.length} commands, seed ${seed}`, 20_000);
    await until(() => ![...left].some((call) => isOpen(`leave-${call}`)), "each Leave is answered");
  }

  test("gives each command of those who stay exactly one Result, and leaves no call stuck", async (t) => {
    t.diagnostic(`seed ${seed}`);
    let [stayed, killed, commands] = [0, 0, 0];
    const lives = Array.from({ length: CLIENTS }, async (_, n) => {
      for (let life = 0; life < LIVES; life += 1) {
        const lived = await live(`desk${n}`);
        if (!lived) killed += 1;
        else {
          stayed += 1;
          commands += lived.sent.length;
          const results = lived.talker.heard.filter(({ name }) => name === "Result");
          const reqs = results.flatMap(({ attributes: { req = "" } }) =>
            req.startsWith("leave") ? [] : [req],
          );
          assert.deepEqual(reqs.sort(), [...lived.sent].sort());
          assert.ok(
            !results.some((result) => errorCode(result) === "internal"),
            "no mistake of the service's own",
          );
          await lived.talker.end();
        }
      }
    });
    await Promise.all(lives);
    t.diagnostic(
      `${stayed} stayed with ${commands} commands, ${killed} were killed, ${crowd.answered} calls`,
    );
    assert.ok(stayed > 10 && killed > 10 && crowd.answered > 50);

    const last = await talker();
    await last.ask("all", '<Leave req="all" all="true"/>');
    await until(async () => {
      last.heard.length = 0;
      const status = await last.ask("s", '<Status req="s"/>');
      return status.children[0]?.children.length === 0;
    }, `no call is left, seed ${seed}`);
    await until(
      () => crowd.standing.size === 0,
      `every leg has its BYE, seed ${seed}: ${[...crowd.standing]}`,
    );
    const { children } = await last.ask("d", '<Devices req="d"/>');
    const states = children[0]?.children.map(({ attributes }) => attributes["state"]);
    assert.deepEqual(
      states,
      Array.from({ length: CLIENTS }, () => "ready"),
    );
    await last.end();
  });

  test("that is told to end answers everybody once, and says BYE to every leg", async () => {
    const talkers = await Promise.all(Array.from({ length: CLIENTS }, talker));
    const join = (n: number, room: string) =>
      `<Join req="join" id="${crowd.address(room)}"><Use dev="desk${n}"/></Join>`;
    const isJoin = ({ name, attributes }: XmlElement) => name === "Result" && attributes["req"] === "join";
    for (const [n, client] of talkers.entries()) client.say(join(n, n < 10 ? `room${n}` : "silent"));
    for (const client of talkers.slice(0, 10)) await client.hears(isJoin);
    await until(() => crowd.standing.size >= 25, "ten calls, and phones that wait for somebody");
    await service.program.stop();
    for (const client of talkers) await until(() => client.closed, "everybody is told goodbye");
    const codes = talkers.map(({ heard }) => heard.filter(isJoin).map(errorCode));
    assert.deepEqual(
      codes,
      talkers.map((_client, n) => [n < 10 ? undefined : "shutting-down"]),
    );
    await until(() => crowd.standing.size === 0, `every leg has its BYE: ${[...crowd.standing]}`);
  });
});
