/** A phone of the configuration that is driven by HTTP or NOTIFY, with its login and its door for reports. */

import { readFile } from "node:fs/promises";
import type { HttpPhoneConfig } from "../config-http-phone.ts";
import { ServiceError } from "../errors.ts";
import type { Caller } from "../sip/leg.ts";
import type { Device } from "./device.ts";
import { httpPhone } from "./http-phone.ts";
import { openDoor } from "./phones/action-urls.ts";
import type { Credentials } from "./phones/dialect.ts";
import { Driver } from "./phones/driver.ts";
import { PhoneHttp } from "./phones/phone-http.ts";
import type { PhoneRequester } from "./phones/phone-notify.ts";

export interface HttpPhoneSurroundings {
  readonly caller: Caller;
  readonly agent: PhoneRequester;
  /** Our address towards phones. */
  readonly mediaHost: string;
}

/** Phones send their web login this way unless somebody changed it. */
const USERNAME = "admin";

export function httpPhoneOf(config: HttpPhoneConfig, around: HttpPhoneSurroundings): Device {
  const { id, name, anchor, uri, domain } = config;
  const { caller, mediaHost } = around;
  return httpPhone({
    id,
    name,
    anchored: anchor,
    caller,
    mediaHost,
    uri,
    domain,
    driver: driverOf(config, around),
    ...doorOf(config, mediaHost),
  });
}

function driverOf(config: HttpPhoneConfig, { agent }: HttpPhoneSurroundings): Driver {
  const { id, by, model, account, requests, url, uri, ca, fingerprint, clearPassword } = config;
  const trust = { ...(ca !== undefined && { ca }), ...(fingerprint !== undefined && { fingerprint }) };
  const credentials = () => credentialsOf(config);
  return new Driver({
    id,
    by,
    model,
    account,
    requests,
    http:
      url === undefined
        ? undefined
        : new PhoneHttp({ id, url: new URL(url), clearPassword, credentials, ...trust }),
    sip: uri && { id, uri, requester: agent },
  });
}

function doorOf({ events, url }: HttpPhoneConfig, mediaHost: string) {
  if (!events) return {};
  const { token, port, bind = mediaHost } = events;
  const from = url === undefined ? undefined : new URL(url).hostname;
  const door = openDoor({ host: bind, port });
  return { events: door.urls.of({ token, from }), trouble: () => door.urls.trouble, release: door.release };
}

/** Read anew each time: a password that was corrected counts at once. Throws ServiceError. */
async function credentialsOf(config: HttpPhoneConfig): Promise<Credentials | undefined> {
  const { id, username = USERNAME, password, passwordFile } = config;
  if (passwordFile === undefined) return password === undefined ? undefined : { username, password };
  try {
    const [line = ""] = (await readFile(passwordFile, "utf8")).split(/\r?\n/);
    return { username, password: line };
  } catch (cause) {
    throw new ServiceError("device-refused", [id, 'the file of its "passwordFile" cannot be read'], {
      cause,
    });
  }
}
