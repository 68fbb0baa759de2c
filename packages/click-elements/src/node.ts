/**
 * The element library with the elements that need the host's files.
 *
 * @packageDocumentation
 */
import { type ElementSet, elementSet } from "@clickos/click-core";
import { ChatterSocket } from "./control/ChatterSocket.ts";
import { ControlSocket } from "./control/ControlSocket.ts";
import { elements as portable } from "./index.ts";
import { Socket } from "./netdevices/Socket.ts";
import { FromDump } from "./traces/FromDump.ts";
import { ToDump } from "./traces/ToDump.ts";

export { archiveMember } from "./host/archive.ts";
export { type ControlClient, ControlError, connectControl } from "./host/control-client.ts";
export {
  type ControlAddress,
  type ControlOptions,
  type ControlServer,
  type ControlTarget,
  ListenError,
  serveControl,
} from "./host/control-server.ts";
export { hostFiles, onSignal } from "./host/files.ts";

/** All elements. */
export const elements: ElementSet = {
  ...portable,
  ...elementSet(ChatterSocket, ControlSocket, Socket, FromDump, ToDump),
};
