/** The accounts of the configuration, brought to life: passwords read, the installation named, each told to the log. */

import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { type AccountConfig, passwordOf, readableByOthers } from "./config-account.ts";
import { Accounts } from "./service/accounts.ts";
import type { RegisterOptions } from "./sip/register.ts";
import type { UserAgent } from "./sip/user-agent.ts";

interface Surroundings {
  readonly options: { readonly config: string; readonly dataDir: string };
  readonly log: Logger;
}

/** A password that cannot be read is logged, and its account tried without one. The data directory must exist. */
export async function openAccounts(
  agent: UserAgent,
  accounts: readonly AccountConfig[],
  { options, log }: Surroundings,
): Promise<Accounts> {
  await warnOfPasswords(accounts, { options, log });
  const instance = accounts.length > 0 ? await instanceOf(options.dataDir) : undefined;
  const opened = await Promise.all(
    accounts.map(async (account) => {
      const password = await passwordOf(account, options.config).catch((err: unknown) => {
        log.error({ err }, `the password of ${account.id} cannot be read`);
        return undefined;
      });
      return { ...registerOptions(account, password), ...(instance !== undefined && { instance }) };
    }),
  );
  return new Accounts({
    register: (account) => agent.register(told(account, log)),
    accounts: opened,
  });
}

/** Tells the log which files with passwords of accounts or phones others may read. */
export async function warnOfPasswords(
  owners: Parameters<typeof readableByOthers>[0],
  { options, log }: Surroundings,
): Promise<void> {
  for (const file of await readableByOthers(owners, options.config)) {
    log.warn(`${file} has a password in it and can be read by others; chmod 600 makes it yours alone`);
  }
}

function registerOptions(account: AccountConfig, password: string | undefined): RegisterOptions {
  const { id, name, username, realm, registrar, outboundProxy, expiresS } = account;
  return {
    aor: id,
    ...(name !== undefined && { displayName: name }),
    ...(registrar && { registrar }),
    ...(outboundProxy && { outboundProxy }),
    ...(expiresS !== undefined && { expiresS }),
    ...(password !== undefined && { secret: { username, realm, password } }),
  };
}

function told(account: RegisterOptions, log: Logger): RegisterOptions {
  return {
    ...account,
    onState: (state, failure) => {
      if (failure)
        log.warn({ sip: failure.status, reason: failure.reason }, `${account.aor} is not registered`);
      else log.info(`${account.aor} is ${state}`);
      account.onState?.(state, failure);
    },
  };
}

/** The name of this installation, made once (RFC 5626 §4.1). */
async function instanceOf(dataDir: string): Promise<string> {
  const file = join(dataDir, "instance-id");
  const known = (await readFile(file, "utf8").catch(() => "")).trim();
  if (/^urn:uuid:[0-9a-f-]{36}$/.test(known)) return known;
  const made = `urn:uuid:${randomUUID()}`;
  await writeFile(file, `${made}\n`, { mode: 0o600 });
  return made;
}
