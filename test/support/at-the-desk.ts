/** Alice in a call through the desk phone, with the kitchen phone there too. */
import type { Role } from "./fake-leg.ts";
import { Stage } from "./service-cast.ts";

export type Way = "anchored" | "direct";

/** Alice talks to comedies through the desk phone, with the flow so far forgotten. */
export function atTheDesk(
  [desk, kitchen]: readonly [Way, Way],
  roles: Readonly<Record<string, Role>> = {},
): Promise<Stage> {
  const direct = [...(desk === "direct" ? ["desk"] : []), ...(kitchen === "direct" ? ["kitchen"] : [])];
  return Stage.inCall("comedies", { phones: ["desk", "kitchen"], direct, roles });
}
