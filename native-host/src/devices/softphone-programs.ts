/** The softphones we can run: a line for each program, by the name of its file. */

import { launchBaresip } from "./baresip.ts";
import { launchLinphone } from "./linphone.ts";
import type { LaunchOptions, SoftphoneProgram } from "./softphone.ts";

interface SoftphoneKind {
  readonly launch: (options: LaunchOptions) => Promise<SoftphoneProgram>;
  /** What people call it. */
  readonly title: string;
  /** It answers only those calls that our own media end: by the caller it is told of. */
  readonly anchoredOnly: boolean;
}

export const SOFTPHONE_PROGRAMS: Readonly<Record<string, SoftphoneKind>> = {
  baresip: { launch: launchBaresip, title: "Baresip", anchoredOnly: false },
  linphonec: { launch: launchLinphone, title: "Linphone", anchoredOnly: true },
};
