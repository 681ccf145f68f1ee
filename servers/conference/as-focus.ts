/** How a focus presents itself in each of its calls: it says that it is one, and what it can be asked (RFC 4579 §4). */

import { CONFERENCE_CONTROL } from "./conference-control.ts";
import { CONFERENCE_EVENT } from "./conference-package.ts";

export function asFocus(id: string) {
  return {
    contactUser: id,
    contactParams: { isfocus: null },
    headers: { "allow-events": CONFERENCE_EVENT },
    handlers: { infoPackages: [CONFERENCE_CONTROL] },
  };
}
