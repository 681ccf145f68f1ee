/** One line of a users file: a name, its realm, and what is kept of the password (RFC 7616 §3.4.2). */
import { type HashName, ha1Of } from "./digest.ts";

/** What good phones know: they take the second. */
const USUAL: readonly HashName[] = ["MD5", "SHA-256"];

/** `USER:REALM:MD5=HEX:SHA-256=HEX`; undefined when the name or the realm cannot stand in it. */
export function userLine(
  username: string,
  realm: string,
  password: string,
  hashes: readonly HashName[] = USUAL,
): string | undefined {
  if (!isField(username) || !isField(realm)) return undefined;
  const hashed = hashes.map((name) => `${name}=${ha1Of(name, { username, realm, password })}`);
  return [username, realm, ...hashed].join(":");
}

function isField(text: string): boolean {
  return text !== "" && !/[:\p{Cc}]/u.test(text) && !text.startsWith("#") && text.trim() === text;
}
