/**
 * The element library with the elements that need the host's files.
 *
 * @packageDocumentation
 */
import { type ElementSet, elementSet } from "@clickos/click-core/element";
import { ChatterSocket } from "./control/ChatterSocket.ts";
import { ControlSocket } from "./control/ControlSocket.ts";
import { elements as portable } from "./index.ts";
import { FromRawSocket } from "./netdevices/FromRawSocket.ts";
import { FromSocket } from "./netdevices/FromSocket.ts";
import { McastSocket } from "./netdevices/McastSocket.ts";
import { RawSocket } from "./netdevices/RawSocket.ts";
import { Socket } from "./netdevices/Socket.ts";
import { ToRawSocket } from "./netdevices/ToRawSocket.ts";
import { ToSocket } from "./netdevices/ToSocket.ts";
import { UMLSwitch } from "./netdevices/UMLSwitch.ts";
import { FromDump } from "./traces/FromDump.ts";
import { ToDump } from "./traces/ToDump.ts";

export { ArchiveError, archiveMember } from "./host/archive.ts";
export { type ControlClient, ControlError, connectControl } from "./host/control-client.ts";
export {
  type ControlAddress,
  type ControlLimits,
  type ControlOptions,
  type ControlServer,
  ListenError,
  parseControlAddress,
  serveControl,
  type TcpAddress,
} from "./host/control-server.ts";
export { type Allowance, ControlSession, type ControlTarget, type SessionOptions } from "./host/control-session.ts";
export { hostFiles } from "./host/files.ts";
export { hostProcess, takenByScripts } from "./host/process.ts";
export { flushStandardOutput, writeStandardOutput } from "./host/standard-output.ts";
export { hostTerminal } from "./host/terminal.ts";

/** All elements. */
export const elements: ElementSet = {
  ...portable,
  ...elementSet(
    ChatterSocket,
    ControlSocket,
    Socket,
    FromSocket,
    ToSocket,
    McastSocket,
    RawSocket,
    FromRawSocket,
    ToRawSocket,
    UMLSwitch,
    FromDump,
    ToDump,
  ),
};
