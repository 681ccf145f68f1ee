import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Actions } from "../../native-host/src/actions/actions.ts";
import { Occasions } from "../../native-host/src/actions/occasions.ts";
import type { CallView, ServiceEvent } from "../../native-host/src/api/call-control.ts";
import { readConfig } from "../../native-host/src/config.ts";

const TEAM = "sip:team@conf.example.com";

/** What is done for a configuration's actions, in words. */
function performed(actions: readonly object[], greeted: string[] = []) {
  const done: string[] = [];
  const config = readConfig({ actions }).actions ?? [];
  const greet = ({ who }: { readonly who: string }) => void greeted.push(who);
  const performer = new Actions({
    actions: config,
    plugins: [{ name: "echo", rights: [], reactions: { greet } }],
    notify: (text) => done.push(`notify ${text}`),
    send: (document) => done.push(`send ${document}`),
    onTrouble: (what) => done.push(`trouble ${what}`),
  });
  const occasions = new Occasions((occasion) => performer.happened(occasion));
  return { done, happened: (event: ServiceEvent) => occasions.happened(event) };
}

function call(state: CallView["state"], more: Partial<CallView> = {}): ServiceEvent {
  const fixed = { call: "c1", id: "sip:bob@example.com", dir: "in", mode: "loop" } as const;
  return { name: "Call", call: { ...fixed, state, focus: false, muted: false, ...more } };
}

function presence(who: string, here = true, conf: typeof TEAM | `sip:${string}` = TEAM): ServiceEvent {
  return { name: "Presence", presence: { conf, entity: `sip:${who}@example.com`, display: who, here } };
}

const soon = () => new Promise(setImmediate);

describe("Reactions of the configuration", () => {
  test("show who calls, once for each call", () => {
    const { done, happened } = performed([{ when: "call-in", notify: "{who} calls" }]);

    happened(call("incoming"));
    happened(call("incoming", { dev: "desk" }));
    happened(call("incoming", { call: "c2", display: "Carol" }));

    assert.deepEqual(done, ["notify sip:bob@example.com calls", "notify Carol calls"]);
  });

  test("tell a missed call from one that was had", () => {
    const { done, happened } = performed([
      { when: "missed", notify: "missed {who}" },
      { when: "call-ended", notify: "had {who}" },
    ]);

    happened(call("incoming"));
    happened(call("ended", { error: { code: "no-answer" } }));
    happened(call("active", { call: "c2" }));
    happened(call("ended", { call: "c2" }));

    assert.deepEqual(done, ["notify missed sip:bob@example.com", "notify had sip:bob@example.com"]);
  });

  test("greet those who come, not those who were there", async () => {
    const greeted: string[] = [];
    const run = { plugin: "echo", function: "greet" };
    const { done, happened } = performed(
      [
        { when: "joined", where: TEAM, run },
        { when: "left", notify: "{who} left" },
      ],
      greeted,
    );

    happened(presence("carol"));
    await soon();
    happened(presence("dave"));
    happened(presence("carol", false));

    assert.deepEqual(greeted, ["dave"]);
    assert.deepEqual(done, ["notify carol left"]);
  });

  test("send a command when the page's conference is another one, whatever its name brings", () => {
    const { done, happened } = performed([{ when: "page-conference", send: '<SameDeviceJoin id="{who}"/>' }]);
    const room = (id: `sip:${string}`) => call("active", { id, dir: "out", focus: true });

    happened(room("sip:films@conf.example.com"));
    happened(room("sip:films@conf.example.com"));
    happened(room('sip:a"/><Leave/>@conf.example.com'));

    assert.deepEqual(done, [
      'send <SameDeviceJoin id="sip:films@conf.example.com"/>',
      'send <SameDeviceJoin id="sip:a&quot;/&gt;&lt;Leave/&gt;@conf.example.com"/>',
    ]);
  });

  test("are for whom the pattern means", () => {
    const { done, happened } = performed([{ when: "call-in", who: "sip:*@Example.com", notify: "{who}" }]);

    happened(call("incoming"));
    happened(call("incoming", { call: "c2", id: "sip:bob@example.com.evil.org" }));

    assert.deepEqual(done, ["notify sip:bob@example.com"]);
  });

  test("rest after five times in ten seconds", async () => {
    const { done, happened } = performed([{ when: "joined", notify: "{who}" }]);
    happened(presence("carol"));
    await soon();
    for (let i = 0; i < 20; i += 1) happened(presence(`guest${i}`));

    assert.equal(done.filter((line) => line.startsWith("notify")).length, 5);
    assert.equal(done.filter((line) => line.startsWith("trouble")).length, 1);
  });

  test("are refused by the configuration when they do nothing, or send no command", () => {
    const mistakes = [
      [{ when: "call-in" }, /notify is missing/],
      [{ when: "full-moon", notify: "x" }, /when must be one of/],
      [{ when: "call-in", send: "<Teleport/>" }, /send is no command/],
    ] as const;
    for (const [action, says] of mistakes) assert.throws(() => readConfig({ actions: [action] }), says);
  });
});
