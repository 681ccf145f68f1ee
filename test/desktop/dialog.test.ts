import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import type { CallView, PromptView, ServiceEvent, Topic } from "../../native-host/src/api/call-control.ts";
import { desktopAnnouncer } from "../../native-host/src/desktop/announcer.ts";
import { answerPrompts } from "../../native-host/src/desktop/device-prompt.ts";
import { dialogOf } from "../../native-host/src/desktop/dialog/choose-dialog.ts";
import type { Dialog, DialogChoice } from "../../native-host/src/desktop/dialog/dialog.ts";
import { rowsOf, sentenceOf } from "../../native-host/src/desktop/dialog/dialog.ts";
import { kdialog } from "../../native-host/src/desktop/dialog/kdialog.ts";
import { zenity } from "../../native-host/src/desktop/dialog/zenity.ts";
import { notifyOf } from "../../native-host/src/desktop/notification.ts";

const QUESTION = {
  target: "sip:bob@example.com",
  site: "https://people.example.com/bob",
  devices: [
    { dev: "desk", name: "Desk <b>phone</b> & more" },
    { dev: "soft", name: "--help" },
  ],
};
const NEVER = new AbortController().signal;

/** Puts a program of that name first on PATH: it writes down its arguments and answers with these words, and ends so. */
async function fake(
  t: TestContext,
  name: string,
  answer: string,
  end = "exit 0",
): Promise<() => Promise<string[]>> {
  const folder = await mkdtemp(join(tmpdir(), "partyline-desktop-"));
  const file = join(folder, name);
  const args = join(folder, "args");
  await writeFile(file, `#!/bin/sh\nprintf '%s\\n' "$@" > '${args}'\nprintf '%s' '${answer}'\n${end}\n`);
  await chmod(file, 0o755);
  const { PATH } = process.env;
  process.env["PATH"] = `${folder}:${PATH}`;
  t.after(async () => {
    process.env["PATH"] = PATH;
    await rm(folder, { recursive: true });
  });
  return async () => (await readFile(args, "utf8")).trimEnd().split("\n");
}

describe("The question for a phone on the desktop", () => {
  test("offers each phone for once and for this site, suggested first, in plain words", () => {
    assert.equal(
      sentenceOf(QUESTION),
      "people.example.com wants to call sip:bob@example.com. With which phone?",
    );
    assert.deepEqual(
      rowsOf(QUESTION).map(({ key, label, choice }) => [key, label, choice.dev, choice.remember]),
      [
        ["1", "Desk <b>phone</b> & more", "desk", "no"],
        ["2", "--help", "soft", "no"],
        ["3", "Desk <b>phone</b> & more, always for people.example.com", "desk", "origin"],
        ["4", "--help, always for people.example.com", "soft", "origin"],
      ],
    );
  });

  test("shows nobody's text as markup or as an option", async (t) => {
    const args = await fake(t, "zenity", "3");

    const choice = await zenity({ ...QUESTION, target: "sip:a&<b>@c\u202e" }, NEVER);

    assert.deepEqual(choice, { dev: "desk", remember: "origin" });
    const given = await args();
    assert.ok(
      given.includes("--text=people.example.com wants to call sip:a&amp;&lt;b&gt;@c. With which phone?"),
    );
    assert.ok(given.indexOf("--") < given.indexOf("--help"), "what follows -- is no option");
  });

  test("is declined by closing it, and an answer that is none counts as that", async (t) => {
    for (const end of ["exit $ZENITY_CANCEL", "exit $ZENITY_ESC"]) {
      await fake(t, "zenity", "", end);
      assert.equal(await zenity(QUESTION, NEVER), undefined);
    }
    await fake(t, "zenity", "99");
    assert.equal(await zenity(QUESTION, NEVER), undefined);
  });

  test("fails when the program cannot show it", async (t) => {
    // Of itself zenity says 1 without a display, and also when it is declined.
    for (const code of [1, 255]) {
      await fake(t, "zenity", "", `exit ${code}`);
      await assert.rejects(zenity(QUESTION, NEVER), { message: `zenity ended with ${code}` });
    }
    await fake(t, "kdialog", "", "kill $$");
    await assert.rejects(kdialog(QUESTION, NEVER), { message: "kdialog ended with a signal" });
  });

  test("is KDE's where KDE is, and nobody's without a display", async (t) => {
    await fake(t, "kdialog", "2");
    assert.deepEqual(await kdialog(QUESTION, NEVER), { dev: "soft", remember: "no" });
    const has = () => true;
    const desktop = { platform: "linux", display: true, desktop: "KDE", has };
    assert.equal(dialogOf(desktop), kdialog);
    assert.equal(dialogOf({ ...desktop, desktop: "GNOME" }), zenity);
    assert.equal(dialogOf({ ...desktop, display: false }), undefined);
    assert.equal(dialogOf({ ...desktop, has: () => false }), undefined);
  });
});

/** A service that asks, and a desktop whose user answers as the test says. */
function asked({ elsewhere = false } = {}) {
  const followers = new Map<Topic, (event: ServiceEvent) => void>();
  const chosen: unknown[] = [];
  const shown: { resolve: (choice: DialogChoice | undefined) => void; signal: AbortSignal }[] = [];
  const dialog: Dialog = (_question, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<DialogChoice | undefined>();
    signal.addEventListener("abort", () => reject(signal.reason));
    shown.push({ resolve, signal });
    return promise;
  };
  const close = answerPrompts({
    service: {
      subscribe: (topic, _about, emit) => {
        followers.set(topic, emit);
        return () => followers.delete(topic);
      },
      choose: (choice) => void chosen.push(choice),
    },
    dialog,
    elsewhere: () => elsewhere,
    onTrouble: (what) => chosen.push(what),
  });
  const prompt: PromptView = {
    prompt: "p1",
    id: "sip:bob@example.com",
    expiresS: 60,
    devices: [{ dev: "desk", kind: "sip", name: "Desk", state: "ready", caps: [], default: true }],
  };
  const tell = (event: ServiceEvent) => followers.get("prompts")?.(event);
  return { chosen, shown, close, ask: () => tell({ name: "Prompt", prompt }), tell };
}

const soon = () => new Promise(setImmediate);

describe("A prompt of the service", () => {
  test("is answered by what the user picks", async () => {
    const { chosen, shown, ask } = asked();
    ask();
    shown[0]?.resolve({ dev: "desk", remember: "always" });
    await soon();
    assert.deepEqual(chosen, [
      { prompt: "p1", device: "desk", cancel: false, remember: "always", client: "desktop" },
    ]);
  });

  test("is cancelled by closing the dialog", async () => {
    const { chosen, shown, ask } = asked();
    ask();
    shown[0]?.resolve(undefined);
    await soon();
    assert.deepEqual(chosen, [{ prompt: "p1", cancel: true, remember: "no", client: "desktop" }]);
  });

  test("is not shown where another screen shows it", () => {
    const { shown, ask } = asked({ elsewhere: true });
    ask();
    assert.equal(shown.length, 0);
  });

  test("goes away when it was answered elsewhere, and when the service ends", async () => {
    const { chosen, shown, ask, tell, close } = asked();
    ask();
    tell({ name: "PromptOver", prompt: "p7" });
    assert.equal(shown[0]?.signal.aborted, false);
    tell({ name: "PromptOver", prompt: "p1" });
    assert.ok(shown[0]?.signal.aborted);
    ask();
    close();
    assert.ok(shown[1]?.signal.aborted);
    await soon();
    assert.deepEqual(chosen, []);
  });
});

describe("A notification", () => {
  test("has buttons where the user may answer, and says which was pressed", async (t) => {
    const args = await fake(t, "notify-send", "answer");
    const notify = notifyOf({ platform: "linux", display: true, desktop: "", has: () => true });
    const actions = [
      { key: "answer", label: "Answer" },
      { key: "decline", label: "Decline" },
    ];

    assert.equal(await notify?.({ title: "-e", text: "<i>bob</i> calls", actions }, NEVER), "answer");

    const given = await args();
    assert.ok(given.includes("--action=answer=Answer"));
    assert.deepEqual(given.slice(given.indexOf("--")), ["--", "-e", "&lt;i&gt;bob&lt;/i&gt; calls"]);
  });
});

describe("A call that comes in, on the desktop", () => {
  const view: CallView = {
    call: "c1",
    id: "sip:bob@example.com",
    display: "Bob",
    dir: "in",
    state: "incoming",
    mode: "loop",
    focus: false,
    muted: false,
  };

  /** What the user does about the notification, and what came of it. */
  function announced(press: string | undefined, elsewhere = false) {
    const said: string[] = [];
    const announcer = desktopAnnouncer({
      notify: async ({ title, text }, signal) => {
        said.push(`${title}: ${text}`);
        signal.addEventListener("abort", () => said.push("withdrawn"));
        return press;
      },
      elsewhere: () => elsewhere,
      onTrouble: (what) => said.push(what),
    });
    const answer = async () => void said.push("answered");
    const decline = async () => void said.push("declined");
    return { said, announcer, call: { view, answer, decline } };
  }

  for (const [press, done] of [
    ["answer", ["answered"]],
    ["decline", ["declined"]],
    [undefined, []],
  ] as const) {
    test(`is ${done[0] ?? "left to ring"} by the button`, async () => {
      const { said, announcer, call } = announced(press);
      announcer.incoming(call);
      await soon();
      assert.deepEqual(said, ["Incoming call: Bob (sip:bob@example.com) calls.", ...done]);
    });
  }

  test("is withdrawn when it is over, and shown as missed", async () => {
    const { said, announcer, call } = announced(undefined);
    announcer.incoming(call).withdraw();
    announcer.missed(view);
    assert.deepEqual(said.slice(1), ["withdrawn", "Missed call: Bob (sip:bob@example.com) called."]);
  });

  test("is the browser's to show where one is open", async () => {
    const { said, announcer, call } = announced("answer", true);
    announcer.incoming(call);
    announcer.missed(view);
    await soon();
    assert.deepEqual(said, []);
  });
});
