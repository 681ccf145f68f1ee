import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  CHROMIUM_EXTENSION_ID,
  extensionIdOf,
  FIREFOX_EXTENSION_ID,
} from "../../native-host/src/extension-id.ts";

describe("The extension's id", () => {
  const manifest = JSON.parse(readFileSync(new URL("../../manifest.json", import.meta.url), "utf8"));

  test("is the one Chromium derives from the manifest's key", () => {
    assert.equal(extensionIdOf(manifest.key), CHROMIUM_EXTENSION_ID);
  });

  test("is the one the manifest gives to Firefox", () => {
    assert.equal(manifest.browser_specific_settings.gecko.id, FIREFOX_EXTENSION_ID);
  });

  test("belongs to an extension that lets no page fetch its files and asks for no site's data by permission", () => {
    assert.equal(manifest.web_accessible_resources, undefined);
    assert.equal(manifest.host_permissions, undefined);
    assert.deepEqual(manifest.permissions, [
      "nativeMessaging",
      "storage",
      "offscreen",
      "alarms",
      "notifications",
    ]);
  });
});
