/** Which extensions the native host serves: Chromium derives an id from the manifest's public key, Firefox reads it. */
import { createHash } from "node:crypto";

/** The id Chromium gives to the extension of this repository; it stays as long as the manifest's `key` does. */
export const CHROMIUM_EXTENSION_ID = "kipddbphmndpjdonlcdbgkkpjjbidjbn";

/** The id the manifest names for Firefox (`browser_specific_settings.gecko.id`). */
export const FIREFOX_EXTENSION_ID = "partyline@partyline.example";

/** The name under which browsers find the native host's manifest. */
export const NATIVE_HOST_NAME = "org.partyline.host";

/** Chromium's id of a public key (base64 of its DER form): 32 letters `a` to `p`, the first half of its SHA-256. */
export function extensionIdOf(key: string): string {
  const digest = createHash("sha256").update(Buffer.from(key, "base64")).digest("hex").slice(0, 32);
  return [...digest]
    .map((digit) => String.fromCharCode("a".charCodeAt(0) + Number.parseInt(digit, 16)))
    .join("");
}
