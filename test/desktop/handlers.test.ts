import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { manifestChanges, manifestPath } from "../../native-host/src/desktop/browser-manifests.ts";
import { addArguments } from "../../native-host/src/desktop/changes.ts";
import { launcherProgram, launcherText } from "../../native-host/src/desktop/launchers.ts";
import { execWord } from "../../native-host/src/desktop/sip-handler/linux.ts";
import { macHandler } from "../../native-host/src/desktop/sip-handler/macos.ts";
import { defaultOf, withDefault, without } from "../../native-host/src/desktop/sip-handler/mime-apps.ts";
import { windowsHandler } from "../../native-host/src/desktop/sip-handler/windows.ts";

describe("On Windows", () => {
  const launcher = "C:\\Users\\Al Ice\\partyline-open.cmd";

  test("each scheme is a class with our command, and we are in the list of programs the user may choose", () => {
    const { registry, ownKeys } = windowsHandler(launcher, ["sip", "sips"]);
    const written = registry.map(({ key, name = "", value }) => `${key} ${name}=${value}`);

    assert.ok(written.includes(`Software\\Classes\\sip\\shell\\open\\command ="${launcher}" "%1"`));
    assert.ok(written.includes("Software\\Classes\\sips URL Protocol="));
    assert.ok(written.includes("Software\\Partyline\\Capabilities\\URLAssociations sips=Partyline.Sip"));
    assert.ok(
      written.includes("Software\\RegisteredApplications Partyline=Software\\Partyline\\Capabilities"),
    );
    assert.ok(!written.some((line) => line.includes("\\tel")));
    for (const { key } of registry.filter(({ key }) => !key.endsWith("RegisteredApplications")))
      assert.ok(
        ownKeys.some((own) => key.startsWith(own)),
        `${key} is taken back`,
      );
  });

  test("a value of the registry is one argument, whatever is in it", () => {
    const { registry } = windowsHandler(launcher, ["sip"]);
    const command = registry.find(({ key }) => key.endsWith("sip\\shell\\open\\command"));

    assert.ok(command);
    assert.deepEqual(addArguments(command), [
      "add",
      "HKCU\\Software\\Classes\\sip\\shell\\open\\command",
      "/ve",
      "/t",
      "REG_SZ",
      "/d",
      `"${launcher}" "%1"`,
      "/f",
    ]);
  });

  test("each browser finds the manifest by its key", () => {
    const where = { home: "C:\\Users\\alice", configHome: "", dataDir: "/data", platform: "win32" };
    const path = manifestPath("edge", where);
    const { registry, ownKeys, files } = manifestChanges(path, launcher, "edge", "win32");

    const key = "Software\\Microsoft\\Edge\\NativeMessagingHosts\\org.partyline.host";
    assert.deepEqual(registry, [{ key, value: path }]);
    assert.deepEqual(ownKeys, [key]);
    assert.match(files[0]?.text ?? "", /"path": "C:\\\\Users/);
  });

  test("the launcher is a batch file that doubles per cent signs and hands on its arguments", () => {
    const text = launcherText("bridge", { PARTYLINE_DATA_DIR: "D:\\100%" }, "win32");

    assert.match(text, /^@echo off\r\nset "PARTYLINE_DATA_DIR=D:\\100%%"\r\n".*" ".*bridge\.ts" %\*\r\n$/);
    assert.match(launcherProgram(text)[1] ?? "", /bridge\.ts$/);
  });
});

describe("On macOS", () => {
  test("an application made of a script takes the links, and quotes them for the shell", () => {
    const { files, notices, ownPaths } = macHandler("/Users/alice", '/Users/alice/"x"/open.sh', [
      "sip",
      "tel",
    ]);

    assert.match(files[0]?.text ?? "", /on open location theLink/);
    assert.match(files[0]?.text ?? "", /quoted form of "\/Users\/alice\/\\"x\\"\/open\.sh"/);
    assert.match(files[0]?.text ?? "", /quoted form of theLink/);
    assert.deepEqual(ownPaths, ["/Users/alice/Applications/Partyline.app"]);
    const plist = notices.find(({ args }) => args.includes("CFBundleURLTypes"));
    assert.deepEqual(JSON.parse(plist?.args[3] ?? ""), [
      { CFBundleURLName: "SIP address", CFBundleURLSchemes: ["sip", "tel"] },
    ]);
  });
});

describe("On Linux", () => {
  test("a word of Exec survives every character of a path", () => {
    assert.equal(execWord('/a b/$c`d"e\\f%g'), '"/a b/\\\\$c\\\\`d\\\\"e\\\\\\\\f%%g"');
  });

  test("the launcher of a path with a quote is read back whole", () => {
    const text = launcherText("open", { PARTYLINE_CONFIG: "it's" }, "linux");

    assert.match(text, /export PARTYLINE_CONFIG='it'\\''s'/);
    assert.deepEqual(launcherProgram(text)[0], process.execPath);
  });

  test("the list of defaults keeps comments, other sections, and other programs", () => {
    const list =
      "# mine\n[Default Applications]\na/b=x.desktop\n\n[Removed Associations]\nx-scheme-handler/sip=old.desktop;\n";

    const ours = withDefault(list, "p.desktop", ["x-scheme-handler/sip"]);
    assert.equal(defaultOf(ours, "x-scheme-handler/sip"), "p.desktop");
    assert.equal(defaultOf(list, "x-scheme-handler/sip"), undefined);
    assert.match(ours, /^# mine\n/);
    assert.equal(without(ours, "p.desktop"), list);
    assert.equal(withDefault(ours, "p.desktop", ["x-scheme-handler/sip"]), ours);
    assert.equal(without(withDefault("", "p.desktop", ["a/b"]), "p.desktop"), "[Default Applications]\n");
  });
});
