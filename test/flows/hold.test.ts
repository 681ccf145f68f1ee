/** Hold and resume over a call in loop mode, from both ends at once (RFC 3264 §8.4, RFC 6337 §5.3). */
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { directionsOf, withDirection } from "#sdp/hold.ts";
import { Stage } from "../support/service-cast.ts";

let stage: Stage;
afterEach(() => stage.service.close());

const leg = (name: string) => stage.cast.leg(name);

/** The actor's re-INVITE; resolves with the direction of the answer it gets. */
async function says(name: string, change: (description: string) => string): Promise<string | undefined> {
  const offer = change(leg(name).description);
  const answer = await leg(name).handlers.onOffer?.(offer);
  leg(name).described(offer, answer ?? "");
  return answer && directionsOf(answer)[0];
}
const sendonly = (description: string) => withDirection(description, "sendonly");
const inactive = (description: string) => withDirection(description, "inactive");
const sendrecv = (description: string) => withDirection(description, "sendrecv");
const oldStyle = (description: string) => description.replace(/^c=.*$/m, "c=IN IP4 0.0.0.0");

describe("Hold, media straight from device to far end", () => {
  test("of the desk phone reaches comedies, and its resume as well", async () => {
    stage = await Stage.inCall("comedies", { anchored: false });

    assert.equal(await says("desk", sendonly), "recvonly");
    assert.equal(await says("desk", sendrecv), "sendrecv");

    stage.ladder.reads(`
      service  -> comedies: INVITE again sdp of desk sendonly
      comedies -> service:  200
      service  -> comedies: INVITE again sdp of desk
      comedies -> service:  200
    `);
  });

  test("of comedies, in the old way as well, is answered by the desk phone", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");

    assert.equal(await says("comedies", sendonly), "recvonly");
    assert.equal(await says("comedies", inactive), "inactive");
    assert.equal(await says("comedies", oldStyle), "inactive");
    assert.equal(
      await says("comedies", (text) => sendrecv(text).replace("0.0.0.0", "127.0.0.1")),
      "sendrecv",
    );
  });

  test("by comedies does not follow the desk phone to dramas", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    await says("comedies", sendonly);
    stage.ladder.clear();

    await stage.switchTo("dramas:5090");

    assert.deepEqual(stage.ladder.steps("service -> dramas: INVITE"), [
      "service -> dramas: INVITE sdp of desk",
    ]);
  });

  test("by the desk phone does, and is lifted there", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    await says("desk", sendonly);
    stage.ladder.clear();

    await stage.switchTo("dramas:5090");

    assert.deepEqual(stage.ladder.steps("service -> dramas: INVITE"), [
      "service -> dramas: INVITE sdp of desk sendonly",
    ]);
    assert.equal(await says("desk", sendrecv), "sendrecv");
  });

  test("and mute do not undo each other", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    await says("desk", sendonly);
    stage.ladder.clear();

    await stage.mute(true);
    await says("desk", sendrecv);
    await stage.mute(false);

    assert.deepEqual(stage.ladder.steps("service -> comedies"), [
      "service -> comedies: INVITE again sdp of desk inactive",
      "service -> comedies: INVITE again sdp of desk recvonly",
      "service -> comedies: INVITE again sdp of desk",
    ]);
  });

  test("passes on lines that we do not know", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    const unknown = [
      "b=AS:64",
      "a=x-colour:blue",
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc",
      "a=rtcp-mux",
    ];
    let heard = "";
    const comedies = leg("comedies");
    comedies.offer = async (offer) => {
      heard = offer;
      return comedies.description;
    };

    await says("desk", (text) => `${text}${unknown.join("\r\n")}\r\n`);

    for (const line of unknown) assert.ok(heard.includes(`${line}\r\n`), line);
  });
});

describe("A re-INVITE without an offer", () => {
  test("is offered all the desk phone can do, and its answer told to the desk phone", async () => {
    stage = new Stage({ anchored: false });
    await stage.join("comedies");
    await says("comedies", sendonly);
    stage.ladder.clear();

    const offer = (await leg("comedies").handlers.makeOffer?.()) ?? "";
    leg("comedies").handlers.onAnswer?.(sendrecv(leg("comedies").description));
    await stage.sees("desk -> service: 200");

    assert.deepEqual(directionsOf(offer), ["sendrecv"]);
    stage.ladder.reads(`
      service -> desk:    INVITE again sdp of comedies
      desk    -> service: 200
    `);
  });

  test("whose answer is of no use ends the call", async () => {
    stage = new Stage();
    await stage.join("comedies");

    leg("comedies").handlers.onAnswer?.("v=0\r\n");
    await stage.sees("service -> desk: BYE");

    assert.equal(stage.states.at(-1), "ended");
  });
});
