/** Types of postinstall.mjs, which is plain JavaScript because it runs before there is a Node that reads anything else. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Of the Node that the machine has without this project: `v20.19.0`. */
  readonly ownVersion: string;
}

export function repairInstall(root: string, machine: Machine): string | undefined;
