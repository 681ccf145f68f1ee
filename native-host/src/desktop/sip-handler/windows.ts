/** sip: links on Windows: a class per scheme below HKEY_CURRENT_USER, and our entry in the list of default programs. */
import { type Changes, NO_CHANGES, type RegistryChange } from "../changes.ts";
import type { Schemes } from "./handler.ts";

const PROGRAM = "Partyline.Sip";
const CAPABILITIES = "Software\\Partyline\\Capabilities";
const REGISTERED = "Software\\RegisteredApplications";

/** Windows asks the user which of the registered programs shall open a scheme; where nobody else is registered, it is us. */
export function windowsHandler(launcher: string, schemes: Schemes): Changes {
  const registry: RegistryChange[] = [
    { key: `Software\\Classes\\${PROGRAM}`, value: "Partyline" },
    { key: `Software\\Classes\\${PROGRAM}\\shell\\open\\command`, value: `"${launcher}" "%1"` },
    { key: CAPABILITIES, name: "ApplicationName", value: "Partyline" },
    {
      key: CAPABILITIES,
      name: "ApplicationDescription",
      value: "Calls SIP addresses with the phone of your choice",
    },
    { key: REGISTERED, name: "Partyline", value: CAPABILITIES },
    ...schemes.flatMap((scheme) => schemeEntries(scheme, launcher)),
  ];
  const classes = ["sip", "sips", "tel"].map((scheme) => `Software\\Classes\\${scheme}`);
  return {
    ...NO_CHANGES,
    registry,
    ownKeys: [`Software\\Classes\\${PROGRAM}`, "Software\\Partyline", ...classes],
  };
}

function schemeEntries(scheme: string, launcher: string): RegistryChange[] {
  const key = `Software\\Classes\\${scheme}`;
  return [
    { key, value: `URL:${scheme.toUpperCase()} Protocol` },
    { key, name: "URL Protocol", value: "" },
    { key: `${key}\\shell\\open\\command`, value: `"${launcher}" "%1"` },
    { key: `${CAPABILITIES}\\URLAssociations`, name: scheme, value: PROGRAM },
  ];
}
