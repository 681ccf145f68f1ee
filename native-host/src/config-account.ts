/** The accounts of the configuration: where the user is called at, and with which password. */

import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { SipUri } from "./sip/message.ts";
import { parseUri } from "./sip/uri.ts";

const TRANSPORTS = ["udp", "tcp", "tls", "ws", "wss"] as const;

export interface AccountConfig {
  readonly id: SipUri;
  readonly name?: string;
  readonly registrar?: SipUri;
  readonly outboundProxy?: SipUri;
  readonly username: string;
  readonly realm: string;
  /** Without either, no registrar gets an answer when it asks for a password. */
  readonly password?: string;
  readonly passwordFile?: string;
  readonly expiresS?: number;
  readonly default: boolean;
}

/** What reading an account needs of one section of the file. */
export interface AccountSection {
  text(key: string): string | undefined;
  sipUri(key: string): SipUri | undefined;
  flag(key: string): boolean | undefined;
  whole(key: string, range: readonly [least: number, most: number]): number | undefined;
  mistake(key: string, what: string): Error;
  end(): void;
}

/** A minute to a day: shorter ones load the registrar, longer ones no timer of ours needs. */
const EXPIRES_S = [60, 86_400] as const;

/** Throws the section's mistakes. */
export function readAccount(account: AccountSection): AccountConfig {
  const id = account.sipUri("id");
  const uri = id && parseUri(id);
  if (!id || !uri?.user)
    throw account.mistake("id", "must be your address there, such as sip:alice@example.com");
  const optional = {
    name: account.text("name"),
    registrar: account.sipUri("registrar"),
    outboundProxy: account.sipUri("outboundProxy") ?? wayBy(readTransport(account), uri),
    password: account.text("password"),
    passwordFile: account.text("passwordFile"),
    expiresS: account.whole("expiresS", EXPIRES_S),
  };
  const read = {
    id,
    username: account.text("username") ?? decodeURIComponent(uri.user),
    realm: account.text("realm") ?? uri.host,
    default: account.flag("default") ?? false,
  };
  if (optional.password !== undefined && optional.passwordFile !== undefined) {
    throw account.mistake("passwordFile", "is there beside a password; one of them is enough");
  }
  account.end();
  const given = Object.entries(optional).filter(([, value]) => value !== undefined);
  return { ...read, ...Object.fromEntries(given) };
}

function readTransport(account: AccountSection): (typeof TRANSPORTS)[number] | undefined {
  const written = account.text("transport");
  const transport = TRANSPORTS.find((one) => one === written?.toLowerCase());
  if (written !== undefined && !transport) {
    throw account.mistake("transport", `must be one of ${TRANSPORTS.join(", ")}`);
  }
  return transport;
}

/** A transport without a proxy: the account's own domain, by that transport. */
function wayBy(
  transport: string | undefined,
  { host, port }: { host: string; port?: number },
): SipUri | undefined {
  if (transport === undefined) return undefined;
  return `sip:${host}${port === undefined ? "" : `:${port}`};transport=${transport}`;
}

/** The account's password, read from its file if it names one. Rejects with the reason why the file cannot be read. */
export async function passwordOf(account: AccountConfig, configFile: string): Promise<string | undefined> {
  const { password, passwordFile } = account;
  if (passwordFile === undefined) return password;
  const text = await readFile(resolve(dirname(configFile), passwordFile), "utf8");
  return text.split(/\r?\n/)[0];
}

/** The files with passwords in them that others than their owner may read. */
export async function readableByOthers(
  accounts: readonly Pick<AccountConfig, "password" | "passwordFile">[],
  configFile: string,
): Promise<readonly string[]> {
  const inline = accounts.some(({ password }) => password !== undefined) ? [configFile] : [];
  const named = accounts.flatMap(({ passwordFile }) => passwordFile ?? []);
  const files = [...inline, ...named.map((file) => resolve(dirname(configFile), file))];
  const open = await Promise.all(files.map(isOpen));
  return files.filter((_file, at) => open[at]);
}

/** Windows keeps rights elsewhere, and a home directory there is its owner's alone. */
async function isOpen(file: string): Promise<boolean> {
  if (process.platform === "win32") return false;
  const found = await stat(file).catch(() => undefined);
  return found !== undefined && (found.mode & 0o077) !== 0;
}
