/** The users of a server and what is kept of their passwords: HA1 by hash, never the password (RFC 7616 §3.4.2, §5.13). */

import { watchFile } from "node:fs";
import { readFile } from "node:fs/promises";
import { HASHES, type Ha1s, type HashName, type Secret } from "#sip/digest.ts";

/** The users file is wrong: one sentence that names the line. */
export class UsersError extends Error {
  override readonly name = "UsersError";
}

export interface Users {
  /** All users of one server are of one realm. */
  readonly realm: string;
  /** What to offer this user, the strongest first; to nobody of ours what most are offered. */
  hashesOf(username: string | undefined): readonly HashName[];
  ha1(username: string, hash: HashName): string | undefined;
}

interface User {
  readonly username: string;
  readonly realm: string;
  readonly ha1s: Ha1s;
}

/** How soon a changed file is noticed. */
const LOOK_EVERY_MS = 2000;

const USUAL: readonly HashName[] = ["SHA-256", "MD5"];
const DIGITS: Readonly<Record<HashName, number>> = { MD5: 32, "SHA-256": 64, "SHA-512-256": 64 };

/** Reads `USER:REALM:MD5=HEX:SHA-256=HEX` lines; `USER:REALM:HEX` of htdigest is MD5. Throws UsersError. */
export function parseUsers(text: string): Users {
  return usersOf(readUsers(text));
}

function readUsers(text: string): ReadonlyMap<string, User> {
  const users = new Map<string, User>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const user = readUser(line);
    if (!user) throw new UsersError(`line ${at + 1} is not USER:REALM:MD5=HEX:SHA-256=HEX.`);
    if (users.has(user.username)) throw new UsersError(`line ${at + 1}: "${user.username}" is there twice.`);
    users.set(user.username, user);
  }
  return users;
}

/** The same from a file; the message then names the file. */
export async function loadUsers(file: string): Promise<Users> {
  try {
    return parseUsers(await readFile(file, "utf8"));
  } catch (cause) {
    const why = cause instanceof UsersError ? cause.message : "it cannot be read.";
    throw new UsersError(`${file}: ${why}`, { cause });
  }
}

/** The lines of such a file as what a client shows of itself, one for each user. Throws UsersError. */
export async function loadCredentials(file: string): Promise<readonly Secret[]> {
  try {
    return [...readUsers(await readFile(file, "utf8")).values()];
  } catch (cause) {
    const why = cause instanceof UsersError ? cause.message : "it cannot be read.";
    throw new UsersError(`${file}: ${why}`, { cause });
  }
}

/** As loadUsers, and again when the file changes; one that cannot be read any more leaves the users as they were. */
export async function watchUsers(file: string, onError: (error: unknown) => void): Promise<Users> {
  let current = await loadUsers(file);
  const { realm } = current;
  const reload = async () => {
    const next = await loadUsers(file);
    if (next.realm !== realm) throw new UsersError(`${file}: another realm needs a restart.`);
    current = next;
  };
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, () => void reload().catch(onError));
  return {
    realm,
    hashesOf: (username) => current.hashesOf(username),
    ha1: (username, hash) => current.ha1(username, hash),
  };
}

function usersOf(users: ReadonlyMap<string, User>): Users {
  const all = [...users.values()];
  const [first] = all;
  if (!first) throw new UsersError("there is no user in it; partyline passwd makes one.");
  const other = all.find(({ realm }) => realm !== first.realm);
  if (other) throw new UsersError(`"${first.realm}" and "${other.realm}" are two realms; a server has one.`);
  return {
    realm: first.realm,
    hashesOf: (username = "") => {
      const ha1s = users.get(username)?.ha1s;
      return ha1s ? HASHES.filter((name) => ha1s[name] !== undefined) : USUAL;
    },
    ha1: (username, hash) => users.get(username)?.ha1s[hash],
  };
}

function readUser(line: string): User | undefined {
  const [username = "", realm = "", ...fields] = line.trim().split(":");
  const pairs = fields.map(readHash);
  if (username === "" || realm === "" || pairs.length === 0) return undefined;
  if (!pairs.every((pair) => pair !== undefined)) return undefined;
  return { username, realm, ha1s: Object.fromEntries(pairs) };
}

function readHash(field: string): [HashName, string] | undefined {
  const [name, hex] = field.includes("=") ? field.split("=") : ["MD5", field];
  const hash = HASHES.find((one) => one === name?.toUpperCase());
  if (!hash || hex === undefined || !/^[0-9a-f]+$/i.test(hex) || hex.length !== DIGITS[hash])
    return undefined;
  return [hash, hex.toLowerCase()];
}
