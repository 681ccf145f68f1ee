import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { CHROMIUM_EXTENSION_ID } from "../../native-host/src/extension-id.ts";
import { user } from "../support/user.ts";

const LIST = ".config/mimeapps.list";
const ENTRY = ".local/share/applications/partyline.desktop";

describe("partyline install", () => {
  test("writes a manifest and a launcher for a profile, for our extension only, and takes them back", async (t) => {
    const { home, run } = await user(t);
    const args = ["--user-data-dir", join(home, "profile")];
    assert.equal((await run("install", ...args, "--runtime-dir", join(home, "run"))).code, 0);
    const path = join(home, "profile", "NativeMessagingHosts", "org.partyline.host.json");
    const manifest = JSON.parse(await readFile(path, "utf8"));
    assert.deepEqual(manifest.allowed_origins, [`chrome-extension://${CHROMIUM_EXTENSION_ID}/`]);
    assert.notEqual(manifest.description, "");
    const launcher = await readFile(manifest.path, "utf8");
    assert.match(launcher, /export PARTYLINE_RUNTIME_DIR='/);
    assert.match(launcher, /exec '\/.*node' '\/.*native-host\/src\/bridge\.ts' "\$@"/);
    assert.equal((await stat(manifest.path)).mode & 0o777, 0o755);
    await run("uninstall", ...args);
    await assert.rejects(stat(path));
    await assert.rejects(stat(manifest.path));
  });

  test("serves the browsers a user has, and says how to add one when there is none", async (t) => {
    const { run, read } = await user(t);

    assert.match(
      (await run("install")).stdout,
      /No browser has run for you yet;.*partyline install --browser NAME/,
    );
    assert.equal((await run("install", "--browser", "firefox", "--browser", "chromium")).code, 0);
    const firefox = JSON.parse(await read(".mozilla/native-messaging-hosts/org.partyline.host.json"));
    assert.deepEqual(firefox.allowed_extensions, ["partyline@partyline.example"]);
    assert.match((await run("install")).stdout, /^chromium: .*\nfirefox: .*\nsip: sips: links: /);
  });

  test("says what a browser in a sandbox needs", async (t) => {
    const { run, has } = await user(t);
    await has("snap/firefox/common/x", "");
    await has(".var/app/org.chromium.Chromium/x", "");

    const { stdout } = await run("install");

    assert.match(stdout, /Firefox from Snap .*snap connect firefox:native-messaging/);
    assert.match(stdout, /Chromium from Flatpak .*flatpak override --user/);
  });

  test("makes sip: links ours, telephone numbers only on request, and leaves everything else", async (t) => {
    const { run, has, read } = await user(t);
    await has(
      LIST,
      "[Added Associations]\ntext/plain=vi.desktop;\n\n[Default Applications]\nx-scheme-handler/sip=linphone.desktop\ntext/html=firefox.desktop\n",
    );

    await run("install");
    assert.match(await read(LIST), /^x-scheme-handler\/sip=partyline\.desktop;linphone\.desktop;?$/m);
    assert.match(await read(LIST), /^x-scheme-handler\/sips=partyline\.desktop;$/m);
    assert.doesNotMatch(await read(LIST), /tel/);
    await run("install", "--tel");
    assert.match(await read(LIST), /^x-scheme-handler\/tel=partyline\.desktop;$/m);
    const entry = await read(ENTRY);
    assert.match(entry, /^Exec="\/.*\/partyline-open\.sh" %u$/m);
    assert.match(entry, /^MimeType=x-scheme-handler\/sip;x-scheme-handler\/sips;x-scheme-handler\/tel;$/m);
    await run("uninstall");
    assert.equal(
      (await read(LIST)).trim(),
      "[Added Associations]\ntext/plain=vi.desktop;\n\n[Default Applications]\nx-scheme-handler/sip=linphone.desktop;\ntext/html=firefox.desktop",
    );
  });

  test("leaves sip: links alone on request", async (t) => {
    const { run, files } = await user(t);

    await run("install", "--browser", "chromium", "--no-links");

    assert.deepEqual(await files(), [
      ".config/chromium/NativeMessagingHosts/org.partyline.host.json",
      ".local/share/partyline/partyline-host.sh",
    ]);
  });

  test("makes a unit of the user's systemd, with a launcher that is there", async (t) => {
    const { home, run, read } = await user(t);

    await run("install", "--systemd");

    const unit = await read(".config/systemd/user/partyline.service");
    assert.equal(
      /^ExecStart="(.*)"$/m.exec(unit)?.[1],
      join(home, ".local/share/partyline/partyline-service.sh"),
    );
    assert.match(await read(".local/share/partyline/partyline-service.sh"), /native-host\/bin\/daemon\.mjs'/);
  });

  test("is undone without a trace", async (t) => {
    const { run, files } = await user(t);
    const before = await files();

    await run("install", "--browser", "firefox", "--browser", "vivaldi", "--tel", "--systemd");
    assert.equal((await files()).length, 8);
    const { stdout } = await run("uninstall");

    assert.deepEqual(await files(), before);
    assert.equal(stdout, "vivaldi: removed\nfirefox: removed\nsip: links: removed\nsystemd: removed\n");
  });
});
