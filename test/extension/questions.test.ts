import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Call, readPrompt } from "../../extension/background/calls.ts";
import { HostError } from "../../extension/background/host-error.ts";
import { EMPTY, Kept } from "../../extension/background/memory.ts";
import { Questions } from "../../extension/background/questions.ts";
import { el, writeXml, type XmlElement } from "../../extension/background/xml.ts";
import { FakeArea, settled } from "../support/fake-browser.ts";

const CALL: Call = {
  call: "c1",
  uri: "sip:bob@films.example",
  who: "bob@films.example",
  dir: "out",
  state: "choosing",
  muted: false,
  mutedByModerator: false,
  focus: true,
  rejoining: false,
  waiting: false,
};

function stage(answers: (command: XmlElement) => Promise<XmlElement> = async () => el("Result")) {
  const memory = new Kept(new FakeArea(), { ...EMPTY, calls: { c1: CALL } }, () => undefined);
  const sent: string[] = [];
  const done: string[] = [];
  const questions = new Questions({
    memory,
    request: (command) => {
      sent.push(writeXml(command).replace(' xmlns="urn:partyline:api:1"', ""));
      return answers(command);
    },
    ask: () => done.push("ask"),
    settled: () => done.push("settled"),
    now: () => Date.now(),
  });
  const asked = (prompt: string, id = CALL.uri, expires = 60) =>
    questions.asked(
      readPrompt(el("Prompt", { prompt, id, expires }), Date.now(), Object.values(memory.value.calls)),
    );
  const open = () => memory.value.prompts.map(({ prompt }) => prompt);
  return { memory, questions, asked, open, sent, done };
}

describe("A question for a device", () => {
  test("is answered with the device and how long the choice holds", async (t) => {
    t.mock.timers.enable();
    const { questions, asked, open, sent, done } = stage();
    asked("p1");
    await questions.choose({ prompt: "p1", device: "desk", remember: "always" });
    assert.deepEqual(sent, ['<Choose prompt="p1" dev="desk" remember="always"/>']);
    assert.deepEqual([open(), done], [[], ["ask", "settled"]]);
  });

  test("is over when it was answered elsewhere", (t) => {
    t.mock.timers.enable();
    const { questions, asked, open, done } = stage();
    asked("p1");
    questions.over("p7");
    assert.deepEqual(open(), ["p1"]);
    questions.over("p1");
    assert.deepEqual([open(), done], [[], ["ask", "settled"]]);
  });

  test("waits for its turn behind another one, and neither is lost", (t) => {
    t.mock.timers.enable();
    const { questions, asked, open, done } = stage();
    asked("p1");
    asked("p2", "sip:carol@films.example");
    questions.over("p1");
    assert.deepEqual([open(), done], [["p2"], ["ask", "ask"]]);
  });

  test("goes when it expires", (t) => {
    t.mock.timers.enable();
    const { asked, open, done } = stage();
    asked("p1", CALL.uri, 30);
    t.mock.timers.tick(30_000);
    assert.deepEqual([open(), done], [[], ["ask", "settled"]]);
  });

  test("is cancelled by closing its window", async (t) => {
    t.mock.timers.enable();
    const { questions, asked, sent } = stage();
    asked("p1");
    questions.windowClosed();
    await settled();
    assert.deepEqual(sent, ['<Choose prompt="p1" cancel="true"/>']);
  });

  test("stays after a new connection only when it is told again", (t) => {
    t.mock.timers.enable();
    const { questions, asked, open } = stage();
    asked("p1");
    asked("p2");
    questions.reconnected();
    asked("p2");
    questions.synchronised();
    assert.deepEqual(open(), ["p2"]);
  });

  test("says the service's own sentence when the device is taken, and nothing when it came too late", async (t) => {
    t.mock.timers.enable();
    for (const [code, sentence] of [
      ["device-busy", "“desk” is in another call."],
      ["no-such-prompt", undefined],
    ] as const) {
      const { memory, questions, asked } = stage(async () => {
        throw new HostError({ code, detail: sentence ?? "gone" });
      });
      asked("p1");
      await questions.choose({ prompt: "p1", device: "desk", remember: "no" });
      assert.equal(memory.value.problem?.sentence, sentence);
    }
  });
});
