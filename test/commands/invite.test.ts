/** `partyline invite`, `remove`, `lock` and `unlock`: the commands they send and the words they answer with. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { ServiceError } from "../../native-host/src/errors.ts";
import { apiCast } from "../support/api-cast.ts";
import { partyline } from "../support/program.ts";

const CONF = "sip:alice-0123456789abcdef@127.0.0.1:5080";
const BOB = "sip:bob@example.com";
const DAVE = "sip:dave@example.com";

async function cast(t: TestContext) {
  const { service, directory } = await apiCast(t);
  const say = (...args: string[]) => partyline([...args, "--runtime-dir", directory]);
  return { service, say };
}

describe("partyline invite", () => {
  test("says what became of each, and fails when somebody could not be invited", async (t) => {
    const { service, say } = await cast(t);
    service.invite = async ({ invitees, device, onAccepted }) => {
      assert.equal(device, "desk");
      onAccepted("c1");
      const [bob, dave] = invitees.map(({ id }) => id);
      assert.ok(bob && dave);
      const error = { code: "busy", sip: 486, detail: `${dave} is busy.` } as const;
      return {
        call: "c1",
        conf: CONF,
        invitees: [
          { id: bob, state: "joined" },
          { id: dave, state: "failed", error },
        ],
      };
    };

    const inWords = await say("invite", BOB, DAVE, "--dev", "desk");
    const inJson = await say("invite", BOB, DAVE, "--dev", "desk", "--json");

    assert.deepEqual([inWords.code, inWords.stderr], [1, ""]);
    assert.equal(inWords.stdout, `${BOB} is in the conference.\n${DAVE} is busy.\n`);
    assert.deepEqual(JSON.parse(inJson.stdout), {
      call: "c1",
      conf: CONF,
      invitees: [
        { id: BOB, state: "joined" },
        { id: DAVE, state: "failed", error: { code: "busy", sip: 486, detail: `${DAVE} is busy.` } },
      ],
    });
  });

  test("succeeds when everybody came or is being called", async (t) => {
    const { service, say } = await cast(t);
    service.invite = async ({ invitees }) => ({
      call: "c1",
      invitees: invitees.map(({ id }, at) => ({ id, state: at === 0 ? "ringing" : "referred" })),
    });

    const { code, stdout } = await say("invite", BOB, DAVE, "--call", "c1");

    assert.equal(code, 0);
    assert.match(stdout, /bob@example.com is being called\.\n.*dave@example.com was invited/);
  });

  test("says why when nobody could be invited at all", async (t) => {
    const { service, say } = await cast(t);
    service.invite = async () => {
      throw new ServiceError("unreachable", ["The conference server 127.0.0.1:5080"]);
    };

    const { code, stderr } = await say("invite", BOB);

    assert.equal(code, 1);
    assert.match(stderr, /The conference server 127\.0\.0\.1:5080 cannot be reached; .*partyline servers/);
  });
});

describe("partyline remove, lock and unlock", () => {
  test("ask the service and say that it is done", async (t) => {
    const { service, say } = await cast(t);
    const asked: unknown[] = [];
    service.remove = async (request) => void asked.push(request);
    service.lock = async (request) => void asked.push(request);

    const said = [await say("remove", BOB, DAVE), await say("lock"), await say("unlock")];

    assert.partialDeepStrictEqual(asked, [{ users: [BOB, DAVE] }, { locked: true }, { locked: false }]);
    assert.deepEqual(
      said.map(({ code, stdout }) => [code, stdout]),
      [
        [0, `Removed: ${BOB}, ${DAVE}.\n`],
        [0, "The conference is locked.\n"],
        [0, "The conference is open.\n"],
      ],
    );
  });

  test("say when it is not allowed", async (t) => {
    const { service, say } = await cast(t);
    service.lock = async () => {
      throw new ServiceError("forbidden", ["lock this conference"], { sip: 403, reason: "Forbidden" });
    };

    const { code, stderr } = await say("lock");

    assert.deepEqual(
      [code, stderr],
      [1, "partyline: This client may not lock this conference (403 Forbidden).\n"],
    );
  });
});
