/** The softphones we can run: a line for each program, by the name of its file. */

import { launchBaresip } from "./baresip.ts";
import { launchLinphone } from "./linphone.ts";
import {
  type RunningOptions,
  type RunningSoftphone,
  runningBaresip,
  runningLinphone,
} from "./running-softphone.ts";
import type { LaunchOptions, SoftphoneProgram } from "./softphone.ts";

interface SoftphoneKind {
  readonly launch: (options: LaunchOptions) => Promise<SoftphoneProgram>;
  /** Finds the one that the user started himself. */
  readonly running: (options: RunningOptions) => Promise<RunningSoftphone | undefined>;
  /** What people call it. */
  readonly title: string;
  /** It answers only those calls that our own media end: by the caller it is told of. */
  readonly anchoredOnly: boolean;
}

export const SOFTPHONE_PROGRAMS: Readonly<Record<string, SoftphoneKind>> = {
  baresip: { launch: launchBaresip, running: runningBaresip, title: "Baresip", anchoredOnly: false },
  linphonec: { launch: launchLinphone, running: runningLinphone, title: "Linphone", anchoredOnly: true },
};
