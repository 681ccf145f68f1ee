/** The secret that a client of a port must show: the first line of a file that only its owner can read. */
import { randomBytes } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import { DoorError } from "./door.ts";

const TOKEN_BYTES = 32;

/** Reads it; a file that is not there is written. Throws DoorError. */
export async function readToken(file: string): Promise<string> {
  try {
    await writeFile(file, `${randomBytes(TOKEN_BYTES).toString("base64url")}\n`, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const there = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    if (!there) throw new DoorError(`${file} cannot be written; make its directory first.`, { cause });
  }
  const { mode } = await stat(file);
  if (process.platform !== "win32" && (mode & 0o077) !== 0) {
    throw new DoorError(`${file} can be read by others; run: chmod 600 "${file}"`);
  }
  const [token = ""] = (await readFile(file, "utf8")).split(/\r?\n/);
  if (!/^[\x21-\x7e]{16,256}$/.test(token)) {
    throw new DoorError(
      `${file} must begin with a line of 16 to 256 letters and digits; remove it for a new one.`,
    );
  }
  return token;
}
