/** Everybody in the demo, in their places: three who will meet, and one in each room they will go to. */
import type { Viewer } from "../../test/support/viewer.ts";
import { PAGES } from "./pages.ts";
import { Caller, startGuest, startViewer } from "./people.ts";
import type { Say } from "./say.ts";
import type { Site } from "./site.ts";

export interface Cast {
  readonly site: Site;
  readonly alice: Viewer;
  readonly bob: Viewer;
  readonly carol: Caller;
  readonly say: Say;
}

export async function startCast(stack: AsyncDisposableStack, site: Site, say: Say): Promise<Cast> {
  const rooms = await Promise.all([site.roomOf(PAGES.link), site.roomOf(PAGES.pushState)]);
  await startGuest(stack, site, rooms);
  const [alice, bob, carol] = await Promise.all([
    startViewer(stack, "alice", { site, say }),
    startViewer(stack, "bob", { site, say }),
    Caller.start(stack, { site, say }),
  ]);
  return { site, alice, bob, carol, say };
}
