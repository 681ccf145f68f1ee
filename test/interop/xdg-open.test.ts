import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { UserAgent } from "#sip/user-agent.ts";
import { partyline } from "../support/program.ts";
import { until } from "../support/until.ts";
import { user } from "../support/user.ts";

const run = promisify(execFile);
const HOST = "127.0.0.1";
const RINGS_WITHIN_MS = 700;

/** A screen that nobody sees; resolves with its DISPLAY. It does not start anew, refusing others, whenever its last program leaves. */
async function screen(t: TestContext): Promise<string> {
  const args = ["-displayfd", "1", "-screen", "0", "900x600x24", "-nolisten", "tcp", "-noreset"];
  const server = spawn("Xvfb", args, { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => server.kill());
  const [number] = await once(createInterface({ input: server.stdout }), "line");
  return `:${number}`;
}

/** Two phones, a sip: link's target, and a desktop on which Partyline is installed. */
async function desktop(t: TestContext, home: string | undefined) {
  const rings = Promise.withResolvers<{ at: number; phone: string }>();
  const phone = async (name: string) => {
    const agent = await UserAgent.open({
      host: HOST,
      port: 0,
      name,
      identity: {},
      onInvite: (invite) => {
        rings.resolve({ at: performance.now(), phone: name });
        invite.reject(486);
      },
    });
    t.after(() => agent.close());
    return { id: name, kind: "sip", name: `The ${name} phone`, uri: `sip:${name}@${HOST}:${agent.port}` };
  };
  const someone = await user(t, home);
  const DISPLAY = await screen(t);
  const runtime = join(someone.home, "run");
  const env = {
    ...someone.env,
    DISPLAY,
    WAYLAND_DISPLAY: "",
    XDG_RUNTIME_DIR: runtime,
    XDG_CURRENT_DESKTOP: "",
  };
  const devices = [await phone("desk"), await phone("kitchen")];
  await someone.has(".config/partyline/config.json", JSON.stringify({ sip: { port: 0 }, devices }));
  await someone.run("install", "--browser", "chromium");
  t.after(() => stopService(join(runtime, "partyline", "service.log")));
  return { ...someone, env, rings: rings.promise };
}

/** The service that a link started outlives it; its log tells who it is. */
async function stopService(log: string): Promise<void> {
  const text = await readFile(log, "utf8").catch(() => "");
  const pid = Number(/"pid":(\d+)/.exec(text)?.[1]);
  if (pid > 0) process.kill(pid, "SIGTERM");
}

/** What handles the dialog on a screen, once it is shown there. */
async function shownDialog(env: Readonly<Record<string, string>>) {
  const xdotool = async (...args: readonly string[]) =>
    (await run("xdotool", args, { env: { ...process.env, ...env } }).catch(() => ({ stdout: "" }))).stdout;
  const shown = async () => (await xdotool("search", "--onlyvisible", "--name", "^Partyline$")).trim();
  await until(async () => (await shown()) !== "", "the dialog");
  // What is drawn first may not yet listen.
  await delay(300);
  return { xdotool, window: (await shown()).split("\n").at(-1) ?? "" };
}

/** Presses the button at the lower right of the dialog: Call. */
async function pressCall(env: Readonly<Record<string, string>>): Promise<number> {
  const { xdotool, window } = await shownDialog(env);
  const geometry = await xdotool("getwindowgeometry", "--shell", window);
  const value = (name: string) => Number(new RegExp(`^${name}=(\\d+)$`, "m").exec(geometry)?.[1]);
  const [x, y] = [value("X") + value("WIDTH") - 60, value("Y") + value("HEIGHT") - 25];
  await xdotool("mousemove", String(x), String(y), "click", "1");
  return performance.now();
}

describe("A sip: link opened by the desktop", () => {
  const openers = [
    // By itself it knows no quotes in a desktop entry.
    { opener: ["xdg-open"], home: "partyline-user-" },
    { opener: ["gio", "open"], home: undefined },
  ];
  for (const { opener, home } of openers) {
    test(`rings the chosen phone: ${opener.join(" ")}`, async (t) => {
      const { env, rings } = await desktop(t, home);
      const [program = "", ...args] = opener;

      const opened = spawn(program, [...args, `sip:films@${HOST}:9`], {
        env: { ...process.env, ...env },
        stdio: "ignore",
      });
      t.after(() => opened.kill());
      const pressedAt = await pressCall(env);
      const { at, phone } = await rings;

      assert.equal(phone, "desk");
      assert.ok(
        at - pressedAt < RINGS_WITHIN_MS,
        `it rang ${Math.round(at - pressedAt)} ms after the choice`,
      );
    });
  }

  test("calls nobody when its question is closed with Escape", async (t) => {
    const { env } = await desktop(t, undefined);

    const opened = partyline(["open", `sip:films@${HOST}:9`], { env });
    const { xdotool, window } = await shownDialog(env);
    await xdotool("windowfocus", window, "key", "Escape");

    const { code, stderr } = await opened;
    assert.equal(code, 1);
    assert.equal(stderr, "partyline: The call was cancelled before it was answered.\n");
  });

  test("says what to do when its question cannot be shown", async (t) => {
    const { env } = await desktop(t, undefined);

    const nowhere = { ...env, DISPLAY: ":nowhere" };
    const { code, stderr } = await partyline(["open", `sip:films@${HOST}:9`], { env: nowhere });

    assert.equal(code, 1);
    assert.equal(
      stderr,
      "partyline: The question for a phone could not be shown: zenity ended with 1. " +
        `Say which device with partyline join sip:films@${HOST}:9 --dev: desk, kitchen.\n`,
    );
  });

  for (const [what, link] of [
    ["headers", "sip:bob@example.com?Subject=hello"],
    ["another method", "sip:bob@example.com;method=REFER"],
    ["quotes", 'sip:bob"@example.com'],
    ["a line end", "sip:bob@example.com\r\nRoute: <sip:evil.example.com>"],
    ["a shell's characters and spaces", "sip:bob@example.com; $(touch /tmp/x)"],
    ["another scheme", "file:///etc/passwd"],
  ] as const) {
    test(`is refused in words when it has ${what}`, async (t) => {
      const { env } = await user(t);

      const { code, stdout, stderr } = await partyline(["open", link], { env: { ...env, DISPLAY: "" } });

      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, /^partyline: ".*" cannot be called: it .*\n$/);
    });
  }
});
