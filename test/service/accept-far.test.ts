/** Answering an INVITE with the media of a call: what the caller hears when that fails. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { SipError } from "#sip/sip-error.ts";
import { acceptFar } from "../../native-host/src/service/accept-far.ts";
import { AnchoredPath } from "../../native-host/src/service/anchored-path.ts";
import type { FarMedia, MediaPath } from "../../native-host/src/service/media-path.ts";
import { FakeCaller } from "../support/caller.ts";
import { Stage } from "../support/service-cast.ts";

const who = { target: "sip:bob@127.0.0.1", from: undefined } as const;
const stage = new Stage();
afterEach(() => stage.service.close());

test("A caller whose offer turns out to be of no use hears 488, and its media are closed", async () => {
  let closed = 0;
  const media = {
    offered: () => Promise.reject(new SipError(488, "Not Acceptable Here")),
    close: () => {
      closed += 1;
    },
  } as unknown as FarMedia;
  const path = Object.assign(new AnchoredPath("127.0.0.1"), { openFar: async () => media });
  const bob = new FakeCaller(stage, "bob");

  await assert.rejects(acceptFar(bob, path, who), { status: 488 });

  assert.deepEqual([bob.status, closed], [488, 1]);
});

test("A caller for whom there is no port hears 500", async () => {
  const path: MediaPath = Object.assign(new AnchoredPath("127.0.0.1"), {
    openFar: () => Promise.reject(new Error("no port is free")),
  });
  const bob = new FakeCaller(stage, "bob");

  await assert.rejects(acceptFar(bob, path, who), /no port is free/);

  assert.equal(bob.status, 500);
});
