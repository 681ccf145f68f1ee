import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { COMMANDS } from "../../native-host/src/cli.ts";
import { portsFrom } from "../../native-host/src/commands/ports.ts";
import { splitDocuments } from "../../native-host/src/commands/send.ts";
import { ServiceError } from "../../native-host/src/errors.ts";
import { CHROMIUM_EXTENSION_ID, extensionIdOf } from "../../native-host/src/extension-id.ts";
import { apiCast } from "../support/api-cast.ts";
import { SOFTPHONE } from "../support/fake-call-control.ts";
import { partyline } from "../support/program.ts";

const NOTHING = { client: "k0", signal: new AbortController().signal, onAccepted: () => undefined };

describe("partyline", () => {
  test("lists its commands and explains each", async () => {
    const { code, stdout } = await partyline(["--help"]);
    assert.equal(code, 0);
    for (const name of Object.keys(COMMANDS)) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
    const join = await partyline(["join", "--help"]);
    assert.deepEqual([join.code, join.stderr], [0, ""]);
    assert.match(join.stdout, /^partyline join URI \[--dev D\]/);
  });

  for (const [what, args, sentence] of [
    ["a command it does not know", ["dance"], /"dance" is not a command; see: partyline --help/],
    [
      "an option it does not know",
      ["leave", "--softly"],
      /Unknown option '--softly'; see: partyline leave --help/,
    ],
    ["a missing word", ["join"], /It is: partyline join URI/],
    ["a word too many", ["mute", "alice"], /It is: partyline mute/],
    [
      "an option without its value",
      ["join", "sip:a@b", "--dev"],
      /--dev.*argument missing; see: partyline join --help/,
    ],
    [
      "a port base beyond all ports",
      ["servers", "--port-base", "65000"],
      /--port-base 65000 is not a number from 1024/,
    ],
    ["a browser nobody makes", ["install", "--browser", "mosaic"], /--browser mosaic is none of chromium/],
  ] as const) {
    test(`says one sentence to ${what}, and exits 2`, async () => {
      const { code, stdout, stderr } = await partyline(args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, sentence);
      assert.equal(stderr.trim().split("\n").length, 1);
    });
  }

  test("says what to do when the service is not running", async () => {
    const nowhere = join(tmpdir(), "partyline-nobody");
    const { code, stderr } = await partyline(["status", "--runtime-dir", nowhere]);
    assert.equal(code, 1);
    assert.equal(stderr, "partyline: The SIP service is not running; start it with: partyline service\n");
  });
});

describe("partyline, with a service", () => {
  test("joins with a device, says so, and shows the call", async (t) => {
    const { service, directory } = await apiCast(t);
    const joined = await partyline([
      "join",
      "sip:films@home",
      "--dev",
      "soft",
      "--muted",
      "--runtime-dir",
      directory,
    ]);
    assert.deepEqual([joined.code, joined.stdout], [0, "In sip:films@home (call c1).\n"]);
    const request = service.asked[0]?.request as { device: string; muted: boolean };
    assert.deepEqual([service.asked[0]?.method, request.device, request.muted], ["join", "soft", true]);
    const status = await partyline(["status", "--runtime-dir", directory]);
    assert.equal(status.stdout, "sip:films@home active on soft, muted (call c1)\n");
    const machine = JSON.parse((await partyline(["status", "--json", "--runtime-dir", directory])).stdout);
    assert.deepEqual([machine[0].state, machine[0].muted, machine[0].dev], ["active", true, "soft"]);
    const devices = await partyline(["devices", "--runtime-dir", directory]);
    assert.match(
      devices.stdout,
      /^soft +ready +softphone +Baresip on this computer \(default\) {2}\[loop mute\]\n$/,
    );
  });

  test("tries out a device and says how it went; a failure says what to do, once", async (t) => {
    const { service, directory } = await apiCast(t);
    const works = await partyline(["devices", "--test", "soft", "--runtime-dir", directory]);
    assert.deepEqual([works.code, works.stdout], [0, "soft works.\n"]);

    service.testDevice = async () => {
      throw new ServiceError("device-refused", ["soft", "no sound came from it"]);
    };
    const fails = await partyline(["devices", "--test", "soft", "--runtime-dir", directory]);
    assert.deepEqual([fails.code, fails.stderr], [1, 'partyline: "soft" refused: no sound came from it.\n']);
  });

  test("names the devices when it is asked which, and there is no terminal to ask at", async (t) => {
    const { service, directory } = await apiCast(t);
    service.onJoin = async ({ target }) => {
      service.emit("prompts", {
        name: "Prompt",
        prompt: { prompt: "p1", id: target, expiresS: 60, devices: [SOFTPHONE] },
      });
      return new Promise(() => undefined);
    };
    const { code, stderr } = await partyline(["join", "sip:films@home", "--runtime-dir", directory]);
    assert.deepEqual([code, stderr], [1, "partyline: Say which device with --dev: soft.\n"]);
    assert.equal(service.asked.at(-1)?.method, "choose");
  });

  for (const words of [
    ["join", "tel:+4930123", "--dev", "soft"],
    ["switch", "tel:+4930123"],
  ])
    test(`says that a number needs a yes when nobody can be asked at ${words[0]}`, async (t) => {
      const { service, directory } = await apiCast(t);
      await service.join({ ...NOTHING, target: "sip:films@home", device: "soft" });
      service.onJoin = async ({ target }) => {
        service.emit("prompts", {
          name: "Prompt",
          prompt: { prompt: "p1", id: target, expiresS: 60, devices: [SOFTPHONE] },
        });
        return new Promise(() => undefined);
      };

      const { code, stderr } = await partyline([...words, "--runtime-dir", directory]);

      const sentence = "tel:+4930123 needs your yes: say it at a terminal, or in the browser.";
      assert.deepEqual([code, stderr], [1, `partyline: ${sentence}\n`]);
    });

  test("moves the call, changes its device, mutes it and hangs up", async (t) => {
    const { service, directory } = await apiCast(t);
    const say = async (...args: string[]) => (await partyline([...args, "--runtime-dir", directory])).stdout;
    await say("open", "sip:films@home");
    assert.deepEqual(JSON.parse(await say("switch", "sip:westerns@home", "--json")), {
      call: "c2",
      conf: "sip:westerns@home",
      gap: 18,
    });
    assert.equal(
      await say("switch", "sip:dramas@home"),
      "Moved to sip:dramas@home; the device waited 18 ms.\n",
    );
    assert.equal(await say("use", "soft"), "The call is on soft now.\n");
    assert.equal(await say("mute"), "The microphone is off.\n");
    assert.equal(await say("unmute"), "The microphone is on.\n");
    assert.equal(await say("hold"), "The call is on hold.\n");
    assert.equal(await say("resume"), "The call goes on.\n");
    assert.equal(await say("dtmf", "12#"), "Played 12#.\n");
    assert.equal(await say("leave"), "Left.\n");
    assert.equal(await say("status"), "The service is running; there is no call.\n");
    service.accountViews = [
      { id: "sip:alice@example.com", state: "registered" },
      { id: "sip:al@work.example", state: "failed", sip: 403, reason: "Forbidden" },
    ];
    assert.equal(
      await say("status"),
      "account sip:alice@example.com registered\naccount sip:al@work.example failed: 403 Forbidden\nThe service is running; there is no call.\n",
    );
    assert.deepEqual(
      service.asked.map(({ method }) => method),
      ["externalJoin", "switchTo", "switchTo", "useDevice", "mute", "mute", "hold", "hold", "dtmf", "leave"],
    );
  });

  test("says in one sentence why it failed and what to do, and in JSON for machines", async (t) => {
    const { service, directory } = await apiCast(t);
    const nothing = await partyline(["switch", "sip:dramas@home", "--runtime-dir", directory]);
    assert.deepEqual(
      [nothing.code, nothing.stdout, nothing.stderr],
      [1, "", "partyline: There is no call going on; join one first: partyline join URI\n"],
    );
    service.onJoin = async () => {
      throw new ServiceError("busy", ["sip:films@home"], { sip: 486, reason: "Busy Here" });
    };
    const busy = await partyline([
      "join",
      "sip:films@home",
      "--dev",
      "soft",
      "--json",
      "--runtime-dir",
      directory,
    ]);
    assert.equal(busy.code, 1);
    assert.deepEqual(JSON.parse(busy.stdout), {
      error: { code: "busy", detail: "sip:films@home is busy (486 Busy Here)." },
    });
  });

  test("sends documents as they are and exits 0 only if every Result is ok", async (t) => {
    const { directory } = await apiCast(t);
    const one = await partyline(["send", '<Ping req="7"/>', "--runtime-dir", directory]);
    assert.deepEqual([one.code, one.stdout], [0, '<Result req="7" status="ok"/>\n']);
    const input = '<Ping req="1"/>\n<Join\n id=x/>\n<Devices req="3"/>\n';
    const many = await partyline(["send", "--json", "--runtime-dir", directory], { input });
    assert.equal(many.code, 1);
    const lines = many.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ status }) => status).sort(), ["error", "ok", "ok"]);
  });
});

describe("The documents of partyline send", () => {
  test("may stand one on a line, over several lines, or between NULs", () => {
    assert.deepEqual(splitDocuments("<a/>\n\n<b>\n</b>\n<c"), ["<a/>", "<b>\n</b>", "<c"]);
    assert.deepEqual(splitDocuments("<a/>\0<b/>\0"), ["<a/>", "<b/>"]);
  });
});

describe("The ports", () => {
  test("move together with --port-base, and never beyond the last", () => {
    assert.deepEqual(portsFrom("20000"), {
      service: 20_000,
      proxy: 20_010,
      conference: 20_020,
      control: 20_021,
      mixer: 20_030,
      janus: 20_031,
      web: 20_040,
      rtp: { first: 21_000, last: 21_999 },
    });
    assert.equal(portsFrom("64000").rtp.last, 65_535);
    assert.equal(portsFrom(undefined).conference, 5080);
  });
});

describe("The extension's id", () => {
  test("is the one that the key in manifest.json gives", async () => {
    const manifest = JSON.parse(await readFile(new URL("../../manifest.json", import.meta.url), "utf8"));
    assert.equal(extensionIdOf(manifest.key), CHROMIUM_EXTENSION_ID);
  });
});
