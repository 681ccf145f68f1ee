/** The service itself, its devices and its accounts, asked over its API. */
import type { ApiClient } from "../../api/client.ts";
import { el, type XmlElement } from "../../xml/strict.ts";
import { broken, type Finding, ok, warning } from "./finding.ts";

const WHAT = "service";

/** What the running service says; one finding when there is none. */
export async function checkService(connect: () => Promise<ApiClient>): Promise<readonly Finding[]> {
  const client = await connect().catch(() => undefined);
  if (!client) return [ok(WHAT, "It is not running; it is started when it is needed.")];
  try {
    const [devices, status] = await Promise.all([
      client.request(el("Devices")),
      client.request(el("Status")),
    ]);
    const [listed = [], told = []] = [devices, status].map(({ children }) => children[0]?.children);
    return [ok(WHAT, "It answers."), ...devicesOf(listed), ...told.flatMap(accountOf)];
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return [
      broken(
        WHAT,
        `It does not answer as it should: ${why}`,
        "end it, and start it again: partyline service",
      ),
    ];
  } finally {
    client.close();
  }
}

function devicesOf(devices: readonly XmlElement[]): readonly Finding[] {
  if (devices.length === 0) {
    const next = "install baresip, open a browser with the extension, or configure one (docs/devices.md)";
    return [warning("devices", "You have no phone to talk through.", next)];
  }
  return devices.map(({ attributes: { dev = "", name = dev, state = "" } }) =>
    state === "offline"
      ? warning(
          `device ${dev}`,
          `${name} cannot be reached.`,
          `is it on, its program installed? Try: partyline devices --test ${dev}`,
        )
      : ok(`device ${dev}`, `${name} is ${state}.`),
  );
}

function accountOf({
  name,
  attributes: { id = "", state = "", sip = "", reason = "" },
}: XmlElement): Finding[] {
  if (name !== "Account") return [];
  if (state !== "failed") return [ok(`account ${id}`, `It is ${state}.`)];
  const why = `${sip} ${reason}`.trim();
  const next =
    sip === "401" || sip === "403" || sip === "407"
      ? "check username, password and realm in the configuration"
      : "check registrar and network";
  return [broken(`account ${id}`, `It is not registered: ${why || "nobody answered"}.`, next)];
}
