/** Figure 5 of the paper: loop mode, the service between device and far end as a back-to-back user agent. */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

describe("Loop mode, media straight from device to far end (RFC 3725, flow I)", () => {
  test("passes the desk phone's offer to comedies and the answer back in the ACK", async () => {
    stage = new Stage({ anchored: false });

    await stage.join("comedies");

    stage.ladder.reads(`
      service  -> desk:     INVITE
      desk     -> service:  200 sdp of desk
      service  -> comedies: INVITE sdp of desk
      comedies -> service:  200 sdp of comedies
      service  -> desk:     ACK sdp of comedies
    `);
    assert.deepEqual(stage.states, ["calling-device", "dialing", "active"]);
  });

  test("hangs up the desk phone when comedies is busy", async () => {
    stage = new Stage({ anchored: false, roles: { comedies: { refuses: 486 } } });

    await assert.rejects(stage.join("comedies"), { code: "busy", sip: 486 });

    stage.ladder.reads(`
      service  -> desk:     INVITE
      desk     -> service:  200 sdp of desk
      service  -> comedies: INVITE sdp of desk
      comedies -> service:  486
      service  -> desk:     ACK
      service  -> desk:     BYE
    `);
    assert.deepEqual(stage.states, ["calling-device", "dialing", "ended"]);
  });

  test("passes on a new offer of comedies, and one of the desk phone", async () => {
    stage = await Stage.inCall("comedies", { anchored: false });

    await stage.cast.leg("comedies").handlers.onOffer?.(stage.cast.leg("comedies").description);
    await stage.cast.leg("desk").handlers.onOffer?.(stage.cast.leg("desk").description);

    stage.ladder.reads(`
      service  -> desk:     INVITE again sdp of comedies
      desk     -> service:  200
      service  -> comedies: INVITE again sdp of desk
      comedies -> service:  200
    `);
  });
});

describe("Loop mode, media through the service", () => {
  test("calls the desk phone, then comedies, each with media of the service", async () => {
    stage = new Stage();

    await stage.join("comedies");

    stage.ladder.reads(`
      service  -> desk:     INVITE sdp of service
      desk     -> service:  200 sdp of desk
      service  -> comedies: INVITE sdp of service
      comedies -> service:  200 sdp of comedies
    `);
    assert.deepEqual(stage.accepted, ["c1"]);
  });

  test("calls nobody when the desk phone refuses", async () => {
    stage = new Stage({ roles: { desk: { refuses: 603 } } });

    await assert.rejects(stage.join("comedies"), { code: "device-refused", sip: 603 });

    stage.ladder.reads(`
      service -> desk:    INVITE sdp of service
      desk    -> service: 603
    `);
    assert.deepEqual(stage.service.calls(), []);
  });

  test("hangs up the desk phone when comedies refuses", async () => {
    stage = new Stage({ roles: { comedies: { refuses: 404 } } });

    await assert.rejects(stage.join("comedies"), { code: "not-found" });

    stage.ladder.reads(`
      service  -> desk:     INVITE sdp of service
      desk     -> service:  200 sdp of desk
      service  -> comedies: INVITE sdp of service
      comedies -> service:  404
      service  -> desk:     BYE
    `);
  });

  test("asks a conference who is in it, and stops asking at the end", async () => {
    stage = new Stage({ roles: { comedies: { focus: true } } });

    const joined = await stage.join("comedies");
    await stage.leave();

    assert.equal(joined.conf, "sip:comedies@127.0.0.1");
    stage.ladder.reads(`
      service  -> desk:     INVITE sdp of service
      desk     -> service:  200 sdp of desk
      service  -> comedies: INVITE sdp of service
      comedies -> service:  200 sdp of comedies
      service  -> comedies: SUBSCRIBE conference
      service  -> comedies: SUBSCRIBE expires 0
      service  -> comedies: BYE
      service  -> desk:     BYE
    `);
  });

  test("ends the call on both legs when the desk phone hangs up", async () => {
    stage = await Stage.inCall("comedies");

    stage.cast.leg("desk").hangsUp();

    stage.ladder.reads(`
      desk    -> service:  BYE
      service -> comedies: BYE
    `);
    assert.equal(stage.states.at(-1), "ended");
  });

  test("ends the call on both legs when comedies hangs up", async () => {
    stage = await Stage.inCall("comedies");

    stage.cast.leg("comedies").hangsUp();

    stage.ladder.reads(`
      comedies -> service: BYE
      service  -> desk:    BYE
    `);
    assert.equal(stage.states.at(-1), "ended");
  });

  test("cancels a call that nobody answers when the user leaves", async () => {
    stage = new Stage({ roles: { comedies: { silent: true } } });
    const joining = assert.rejects(stage.join("comedies"), { code: "cancelled" });
    await stage.sees("service -> comedies: INVITE");

    await stage.leave();

    await joining;
    stage.ladder.reads(`
      service -> desk:     INVITE sdp of service
      desk    -> service:  200 sdp of desk
      service -> comedies: INVITE sdp of service
      service -> comedies: CANCEL
      service -> desk:     BYE
    `);
  });
});
