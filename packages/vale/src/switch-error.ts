/** What a switch says to its caller when something cannot be. */
export type SwitchErrorCode =
  | "NAME_TAKEN"
  | "TOO_MANY_PORTS"
  | "NOT_ATTACHED"
  | "ADDRESS_TAKEN"
  | "BAD_ADDRESS"
  | "BAD_MTU"
  | "NO_ADDRESSES"
  | "NO_LOOKUP"
  | "BAD_GROUP"
  | "BAD_RATE"
  | "BAD_MIRROR"
  | "NO_VLANS"
  | "BAD_VLAN"
  | "BAD_TABLE"
  | "BAD_PRIORITY";

export class SwitchError extends Error {
  override readonly name = "SwitchError";
  readonly code: SwitchErrorCode;
  constructor(code: SwitchErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
