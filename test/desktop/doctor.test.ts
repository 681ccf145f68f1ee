import assert from "node:assert/strict";
import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { UserAgent } from "#sip/user-agent.ts";
import type { XmlElement } from "#xml/strict.ts";
import { Daemon } from "../support/daemon.ts";
import { user } from "../support/user.ts";

interface Finding {
  readonly what: string;
  readonly state: string;
  readonly words: string;
  readonly next?: string;
}

const MANIFEST = ".config/chromium/NativeMessagingHosts/org.partyline.host.json";
const BRIDGE = ".local/share/partyline/partyline-host.sh";
const ENTRY = ".local/share/applications/partyline.desktop";
const LIST = ".config/mimeapps.list";

/** A user with everything installed for Chromium. */
async function installed(t: TestContext) {
  const someone = await user(t);
  await someone.run("install", "--browser", "chromium", "--systemd");
  const examine = async (...args: readonly string[]) => {
    const { code, stdout } = await someone.run("doctor", "--json", ...args);
    const findings: Finding[] = JSON.parse(stdout);
    return { code, findings, wrong: findings.filter(({ state }) => state !== "ok") };
  };
  return { ...someone, path: (name: string) => join(someone.home, name), examine };
}

describe("partyline doctor", () => {
  test("finds nothing wrong where nothing is", async (t) => {
    const { run, examine } = await installed(t);

    const { code, wrong } = await examine();

    assert.deepEqual(wrong, []);
    assert.equal(code, 0);
    const { stdout } = await run("doctor");
    assert.match(stdout, /^ok +chromium: It can start the SIP service\.$/m);
    assert.match(stdout, /^ok +sip: links: They are opened with Partyline\.$/m);
  });

  type Broken = Awaited<ReturnType<typeof installed>>;
  const pieces: readonly (readonly [string, (it: Broken) => Promise<unknown>, string, RegExp])[] = [
    ["a manifest that is gone", (it) => rm(it.path(MANIFEST)), "chromium", /does not know the SIP service/],
    ["a manifest that is no JSON", (it) => it.has(MANIFEST, "{"), "chromium", /is no manifest/],
    [
      "a manifest for another extension",
      async (it) =>
        it.has(
          MANIFEST,
          (await it.read(MANIFEST)).replace(/chrome-extension:\/\/\w+/, "chrome-extension://abc"),
        ),
      "chromium",
      /does not allow our extension/,
    ],
    [
      "a manifest without a description",
      async (it) => it.has(MANIFEST, (await it.read(MANIFEST)).replace(/"Partyline: [^"]*"/, '""')),
      "chromium",
      /has no description/,
    ],
    ["a launcher that is gone", (it) => rm(it.path(BRIDGE)), "chromium", /partyline-host\.sh is not there/],
    ["a launcher that may not be run", (it) => chmod(it.path(BRIDGE), 0o644), "chromium", /may not be run/],
    [
      "a launcher whose Node was removed",
      async (it) => it.has(BRIDGE, (await it.read(BRIDGE)).replace(/exec '[^']*'/, "exec '/nowhere/node'")),
      "chromium",
      /starts \/nowhere\/node, which is not there/,
    ],
    [
      "links that are somebody else's",
      (it) => it.has(LIST, "[Default Applications]\nx-scheme-handler/sip=other.desktop\n"),
      "sip: links",
      /opened with other\.desktop/,
    ],
    ["links that are nobody's", (it) => rm(it.path(LIST)), "sip: links", /Nobody is said to open them/],
    [
      "a desktop entry that is gone",
      (it) => rm(it.path(ENTRY)),
      "sip: links",
      /partyline\.desktop is not there/,
    ],
    [
      "a desktop entry that starts something else",
      (it) => it.has(ENTRY, "[Desktop Entry]\nExec=true\n"),
      "sip: links",
      /starts something else/,
    ],
    [
      "an opener that is gone",
      (it) => rm(it.path(".local/share/partyline/partyline-open.sh")),
      "sip: links",
      /partyline-open\.sh is not there/,
    ],
    [
      "a unit whose launcher is gone",
      (it) => rm(it.path(".local/share/partyline/partyline-service.sh")),
      "systemd",
      /partyline-service\.sh is not there/,
    ],
    [
      "a mistake in the configuration",
      (it) => it.has(".config/partyline/config.json", '{"divices":[]}'),
      "configuration",
      /divices is not a key/,
    ],
    [
      "a password that others can read",
      async (it) => {
        const account = { id: "sip:alice@example.com", password: "secret" };
        await it.has(".config/partyline/config.json", JSON.stringify({ accounts: [account] }));
        await chmod(it.path(".config/partyline/config.json"), 0o644);
      },
      "configuration",
      /others can read it/,
    ],
    [
      "choices that are no JSON",
      (it) => it.has(".local/share/partyline/choices.json", "{"),
      "data",
      /choices\.json is not JSON/,
    ],
    [
      "a socket directory that is open to others",
      async (it) => {
        await mkdir(it.path(".partyline/run"), { recursive: true });
        await chmod(it.path(".partyline/run"), 0o755);
      },
      "API socket",
      /is open to others/,
    ],
    [
      "a file in the place of the socket's directory",
      async (it) => it.has(".partyline/run", ""),
      "API socket",
      /is not a directory/,
    ],
  ];
  for (const [what, breakIt, part, says] of pieces) {
    test(`finds ${what}`, async (t) => {
      const it = await installed(t);
      await breakIt(it);

      const { wrong } = await it.examine();

      assert.deepEqual(
        wrong.map((finding) => finding.what),
        [part],
      );
      assert.match(wrong[0]?.words ?? "", says);
      assert.ok(wrong[0]?.next, "it says what to do");
    });
  }

  test("asks the running service for its phones and accounts", async (t) => {
    const nobody = await UserAgent.open({ host: "127.0.0.1", port: 0, name: "no registrar", identity: {} });
    t.after(() => nobody.close());
    const account = `sip:alice@127.0.0.1:${nobody.port}`;
    const daemon = await Daemon.start({
      name: "alice",
      config: {
        devices: [{ id: "soft", kind: "softphone", program: "/nowhere/baresip" }],
        accounts: [{ id: account, password: "x" }],
      },
    });
    t.after(() => daemon.stop());
    const client = await daemon.connect();
    const isFailed = (body: XmlElement) => body.name === "Account" && body.attributes["state"] === "failed";
    const failed = client.next(isFailed);
    await client.tell("Subscribe", { to: "accounts" });
    if (!client.events.some(isFailed)) await failed;
    client.close();
    const { examine } = await installed(t);

    const { code, wrong } = await examine("--runtime-dir", join(daemon.folder, "run"));

    assert.deepEqual(
      wrong.map(({ what }) => what),
      ["device soft", `account ${account}`],
    );
    assert.equal(code, 1);
  });
});
