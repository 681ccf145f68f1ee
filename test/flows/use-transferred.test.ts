/** Use of a call in transfer mode: attended, by Replaces, where the phone says which call it is in (RFC 3891, RFC 4235). */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { dialogWith } from "../../native-host/src/service/phone-dialogs.ts";
import type { Role } from "../support/fake-leg.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage?.service.close());

interface Said {
  readonly target?: string;
  readonly state?: string;
  readonly identity?: string;
  readonly callId?: string;
}

/** One dialog as phones write it. */
function dialog({
  target,
  state = "confirmed",
  identity = "sip:comedies@127.0.0.1",
  callId = "abc",
}: Said = {}) {
  const contact = target === undefined ? "" : `<target uri="${target}"/>`;
  return `<dialog id="1" call-id="${callId}" local-tag="desk-tag" remote-tag="far-tag" direction="initiator">
    <state>${state}</state><local><identity>sip:desk@127.0.0.1</identity></local>
    <remote><identity display="Comedies">${identity}</identity>${contact}</remote></dialog>`;
}
const dialogInfo = (...dialogs: readonly string[]) =>
  `<?xml version="1.0"?>
  <dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="0" state="full" entity="sip:desk@127.0.0.1">
  ${dialogs.join("\n")}</dialog-info>`;

/** The desk phone has called comedies by itself; the kitchen phone can be called by us. */
async function handedToTheDesk(roles: Readonly<Record<string, Role>> = {}): Promise<void> {
  const end = {
    address: "sip:desk@127.0.0.1" as const,
    headers: {},
    connect: () => Promise.reject(new Error("it is not called")),
  };
  stage = new Stage({ phones: ["kitchen"], diallers: [{ id: "desk", end }], roles });
  await stage.join("comedies");
  stage.ladder.clear();
}

/** What the desk phone answers when it is asked for its calls; nothing when undefined. */
async function deskSays(content: string | undefined): Promise<void> {
  await stage.sees("service -> desk: SUBSCRIBE dialog");
  const { options } = stage.cast.subscriptions.at(-1) ?? {};
  if (content === undefined) options?.onEnded("refused", 489);
  else options?.onNotify({ type: "application/dialog-info+xml", content, state: "terminated" });
}
const view = () => {
  const { call, state, dev, mode, id } = stage.service.calls()[0] ?? {};
  return [call, state, dev, mode, id].join(" ");
};
const HANDED = "c1 transferred desk transfer sip:comedies@127.0.0.1";

describe("Use of a call that its phone has taken over", () => {
  test("asks comedies to put the kitchen phone in the desk phone's place", async () => {
    await handedToTheDesk();

    const used = stage.use("kitchen");
    await deskSays(dialogInfo(dialog({ target: "sip:stage@127.0.0.1:5099" })));
    await used;

    stage.ladder.reads(`
      service -> desk:    SUBSCRIBE dialog
      service -> desk:    SUBSCRIBE expires 0
      service -> kitchen: INVITE sdp of service
      kitchen -> service: 200 sdp of kitchen
      service -> stage:   INVITE sdp of service replaces abc
      stage   -> service: 200 sdp of stage
      service -> desk:    SUBSCRIBE expires 0
    `);
    assert.equal(view(), "c1 active kitchen loop sip:comedies@127.0.0.1");
    assert.deepEqual(stage.states, ["calling-device", "ringing", "transferred", "active"]);
  });

  test("is in our hands then: SameDeviceJoin and Leave work", async () => {
    await handedToTheDesk();
    const used = stage.use("kitchen");
    await deskSays(dialogInfo(dialog()));
    await used;

    const { call } = await stage.switchTo("dramas");
    await stage.leave();

    assert.equal(call, "c1");
    assert.deepEqual(stage.cast.alive("nobody"), []);
  });

  for (const [what, said] of [
    ["does not say", undefined],
    ["says nonsense", "<dialog-info"],
    ["is in no call", dialogInfo()],
    ["only rings", dialogInfo(dialog({ state: "early" }))],
    [
      "has two calls with others",
      dialogInfo(dialog({ identity: "sip:a@b.example" }), dialog({ identity: "sip:c@d.example" })),
    ],
  ] as const) {
    test(`cannot be when the desk phone ${what}`, async () => {
      await handedToTheDesk();

      const used = stage.use("kitchen");
      await deskSays(said);

      await assert.rejects(used, { code: "no-control" });
      assert.deepEqual(stage.ladder.steps("kitchen"), []);
      assert.equal(view(), HANDED);
    });
  }

  test("cannot be when comedies knows no Replaces; the desk phone keeps the call", async () => {
    await handedToTheDesk({ comedies: { refusesReplaces: 481 } });

    const used = stage.use("kitchen");
    await deskSays(dialogInfo(dialog()));

    await assert.rejects(used, { code: "no-control" });
    assert.equal(stage.cast.leg("kitchen").state, "ended");
    assert.equal(view(), HANDED);
    assert.deepEqual(stage.states, ["calling-device", "ringing", "transferred"]);
  });

  test("fails with the kitchen phone; the desk phone keeps the call", async () => {
    await handedToTheDesk({ kitchen: { refuses: 486 } });

    const used = stage.use("kitchen");
    await deskSays(dialogInfo(dialog()));

    await assert.rejects(used, { code: "device-busy" });
    assert.equal(view(), HANDED);
  });

  test("gives up a phone that says nothing for two seconds", async (t) => {
    await handedToTheDesk();
    t.mock.timers.enable({ apis: ["setTimeout"] });

    const used = stage.use("kitchen");
    await stage.sees("service -> desk: SUBSCRIBE dialog");
    t.mock.timers.tick(2000);

    await assert.rejects(used, { code: "no-control" });
  });
});

describe("A phone that says when its call is over", () => {
  /** Of the subscription that began with the call. */
  const deskTells = (...dialogs: readonly string[]) => {
    const [{ options } = { options: undefined }] = stage.cast.subscriptions;
    options?.onNotify({
      type: "application/dialog-info+xml",
      content: dialogInfo(...dialogs),
      state: "active",
    });
  };

  test("has it ended in the list, without control of it", async () => {
    await handedToTheDesk();

    deskTells(dialog({ state: "early" }));
    deskTells(dialog());
    assert.equal(view(), HANDED);
    deskTells(dialog({ state: "terminated" }));

    assert.deepEqual(stage.service.calls(), []);
    assert.equal(stage.states.at(-1), "ended");
    assert.deepEqual(stage.ladder.steps("service -> desk: SUBSCRIBE expires 0").length, 1);
  });

  test("is not taken at its word for calls with others, or before it has shown this one", async () => {
    await handedToTheDesk();

    deskTells();
    deskTells(dialog({ identity: "sip:others@127.0.0.1" }));
    deskTells(dialog({ identity: "sip:others@127.0.0.1", state: "terminated" }));

    assert.equal(view(), HANDED);
  });
});

describe("The dialog a phone names", () => {
  const target = "sip:comedies@127.0.0.1";
  const found = (...dialogs: readonly string[]) => dialogWith(target, dialogInfo(...dialogs))?.dialog.callId;

  test("is the one with whom it was told to call, among others", () => {
    assert.equal(
      found(dialog({ callId: "x", identity: "sip:others@127.0.0.1" }), dialog({ callId: "y" })),
      "y",
    );
    assert.equal(found(dialog({ callId: "x", identity: "sip:Comedies@127.0.0.1" })), "x");
  });

  test("is none when two fit, or when it cannot be named in a header", () => {
    assert.equal(found(dialog({ callId: "x" }), dialog({ callId: "y" })), undefined);
    assert.equal(found(dialog({ callId: "x;to-tag=1" })), undefined);
    assert.equal(found(dialog({ callId: "" })), undefined);
  });
});
