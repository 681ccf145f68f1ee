/** All rows of the control API. */

import { CONFERENCE_ROUTES } from "./conference-routes.ts";
import { pages } from "./page.ts";
import { PARTICIPANT_ROUTES } from "./participant-routes.ts";
import type { Route } from "./route.ts";
import { SERVER_ROUTES } from "./server-routes.ts";

export function allRoutes(): readonly Route[] {
  return [...CONFERENCE_ROUTES, ...PARTICIPANT_ROUTES, ...SERVER_ROUTES, ...pages()];
}
