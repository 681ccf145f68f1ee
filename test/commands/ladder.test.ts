import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Ladder, type Step } from "../../native-host/src/commands/ladder.ts";
import { Retransmissions } from "../../native-host/src/commands/retransmissions.ts";
import { summarize } from "../../native-host/src/commands/traced-message.ts";
import type { Traced } from "../../native-host/src/sip/trace.ts";

const AT = new Date(2026, 6, 1, 12, 0, 0, 7);

function step(from: string, to: string, words: string, more: Partial<Step> = {}): Step {
  return { at: AT, from, to, words, tone: "request", again: false, ...more };
}

const plain = (width: number, left: readonly string[] = []) =>
  new Ladder({ width: () => width, coloured: false, left: new Set(left) });

describe("A ladder", () => {
  test("has a column for each party and an arrow for each message", () => {
    const ladder = plain(80, ["desk"]);
    const drawn = [
      step("service", "comedies", "INVITE sdp"),
      step("comedies", "service", "200 OK", { tone: "success" }),
      step("service", "desk", "INVITE sdp"),
      step("service", "comedies", "BYE", { again: true }),
    ].flatMap((one) => ladder.draw(one));

    assert.deepEqual(drawn, [
      "                   service          comedies",
      "12:00:00.007          │────────────────▶│         INVITE sdp",
      "12:00:00.007          │◀────────────────│         200 OK",
      "                  desk         service      comedies",
      "12:00:00.007        │◀────────────│             │       INVITE sdp",
      "12:00:00.007        │             │────────────▶│       BYE (again)",
    ]);
  });

  test("fits the terminal: names and words are cut, and the silent give way to the new", () => {
    const ladder = plain(60);
    const drawn = ["comedies", "dramas-with-a-long-name", "thrillers", "comedies"].flatMap((room) =>
      ladder.draw(step("service", room, "INVITE sip:a-very-long-name@conference.example.com sdp")),
    );

    assert.ok(drawn.every((line) => [...line].length <= 60));
    assert.match(drawn.join("\n"), /dramas-wi…/);
    assert.match(drawn.at(-1) ?? "", /INVITE sip:a-very.*…$/);
    assert.doesNotMatch(drawn.at(-2) ?? "", /dramas/);
    assert.ok(plain(20).draw(step("a", "b", "BYE")).length > 0);
  });

  test("says the names again after thirty messages, and when one is another", () => {
    const ladder = plain(80);
    const names = () => ladder.draw(step("service", "127.0.0.1:5080", "BYE")).length - 1;
    const counted = Array.from({ length: 31 }, names);
    ladder.rename("127.0.0.1:5080", "conference");

    assert.deepEqual([counted[0], counted[30], counted.slice(1, 30).every((one) => one === 0)], [1, 1, true]);
    assert.match(ladder.draw(step("service", "conference", "BYE"))[0] ?? "", /service +conference/);
  });

  test("is coloured where colours were asked for, and nothing a message says reaches the terminal raw", () => {
    const ladder = new Ladder({ width: () => 100, coloured: true });
    const [, line = ""] = ladder.draw(step("service", "bob", "BYE \u001b[2Jgone\u202e", { tone: "failure" }));

    assert.ok(line.includes("\u001b[31m") && line.endsWith("BYE ?[2Jgone?\u001b[0m"), line);
    assert.ok(
      !plain(100)
        .draw(step("service", "bob", "BYE"))
        .join("")
        .includes("\u001b"),
    );
  });
});

function message(text: string, more: Partial<Traced> = {}): Traced {
  const address = { address: "127.0.0.1", port: 5060 };
  const bytes = Buffer.from(text.replaceAll("\n", "\r\n"));
  return { at: AT, direction: "in", transport: "UDP", local: address, peer: address, bytes, ...more };
}

describe("The words of a message", () => {
  test("are its method, whom it is for, and what it carries", () => {
    const invite =
      "INVITE sip:films:pw@h;x=1 SIP/2.0\nVia: SIP/2.0/TCP 10.0.0.1;branch=b\nUser-Agent: baresip v3 (x)\n";
    const { words, sentBy, agent } = summarize(message(`${invite}Content-Type: application/SDP;a=b\n\nv=0`));

    assert.deepEqual([words, sentBy, agent], ["INVITE sip:films@h sdp", "10.0.0.1:5060", "baresip"]);
  });

  test("are the status and what it answers", () => {
    const answer =
      "SIP/2.0 486 Busy Here\nVia: SIP/2.0/UDP [::1]:5070;branch=b\nCSeq: 7 INVITE\nCall-ID: c\n\n";
    const busy = summarize(message(answer, { direction: "out" }));

    assert.deepEqual(
      [busy.words, busy.tone, busy.sentBy, busy.callId],
      ["486 Busy Here (INVITE)", "failure", "[::1]:5070", "c"],
    );
  });

  test("are few where there is little to read", () => {
    for (const text of ["", "\r\n\r\n", "SIP/2.0 ", "A", "\0\0\0", ":\r\n:"]) {
      assert.equal(typeof summarize(message(text)).words, "string");
    }
  });
});

describe("A repeated message", () => {
  test("is the same bytes the same way within 32 seconds", () => {
    const sent = new Retransmissions();
    const later = (ms: number) => new Date(AT.getTime() + ms);
    const asked = [
      message("BYE"),
      message("BYE", { direction: "out" }),
      message("BYE", { at: later(500) }),
      message("BYE", { at: later(40_000) }),
      message("ACK"),
    ].map((one) => sent.isRepeated(one));

    assert.deepEqual(asked, [false, false, true, false, false]);
  });
});
