/** The secret that whoever uses the control API shows (RFC 6750): the first line of a file that only its owner can read. */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

const TOKEN_BYTES = 32;
const TOKEN = /^[A-Za-z0-9._~+/=-]{16,256}$/;

/** Reads it; a file that is not there is written, with a new one. Throws an Error of one sentence that names the file. */
export async function readToken(file: string): Promise<string> {
  await writeNew(file);
  const { mode } = await stat(file);
  if (process.platform !== "win32" && (mode & 0o077) !== 0)
    throw new Error(`${file} can be read by others; run: chmod 600 "${file}"`);
  const [token = ""] = (await readFile(file, "utf8")).split(/\r?\n/);
  if (!TOKEN.test(token))
    throw new Error(
      `${file} must begin with a line of 16 to 256 letters and digits; remove it for a new one.`,
    );
  return token;
}

async function writeNew(file: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    await writeFile(file, `${token}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const there = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (!there) throw new Error(`${file} cannot be written; name another with --control-token.`, { cause });
  }
}

/** Whether an Authorization header shows the token; takes as long for every wrong one. */
export function tokenCheck(token: string): (authorization: string | undefined) => boolean {
  const right = digest(token);
  return (authorization = "") => {
    const [, shown = ""] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    return timingSafeEqual(digest(shown), right);
  };
}

/** Of one length, whatever was shown. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
