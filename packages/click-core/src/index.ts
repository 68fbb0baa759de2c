/**
 * The compiler of Click configurations, and routers that run in process.
 *
 * `Router.compile` runs a configuration in process. `checkConfiguration` and `compile` are its parts, for those
 * who bring a platform of their own. `element` defines element classes.
 *
 * @packageDocumentation
 */
export type { CheckedGraph, ElementInstance } from "./compile/check.ts";
export {
  type CheckedConfiguration,
  type CheckOptions,
  type CompiledRouter,
  checkConfiguration,
  compile,
  diagnose,
  type Program,
} from "./compile/compile.ts";
export {
  type DropCounter,
  type ElementPlan,
  type FieldPlace,
  type MemoryPlan,
  sameLayout,
} from "./compile/memory-plan.ts";
export {
  type Platform,
  type PlatformContext,
  type ReceivedFrame,
  type RouterFunctions,
  routerControl,
  type StagedDevice,
  type StagedPool,
} from "./compile/platform.ts";
export {
  type ArgumentSpec,
  type ArgumentType,
  arg,
  type ConfigOf,
  type ConfigSpec,
  formatEtherAddress,
  formatIpAddress,
  type IpAddress,
  type IpPrefix,
  keyword,
  type LookupName,
  parseEtherAddress,
  parseIpAddress,
  parseIpPrefix,
  positional,
  required,
  rest,
} from "./element/argument-types.ts";
export { classDigest, type LibraryDigest, otherClasses } from "./element/digest.ts";
export {
  type DevicePort,
  type ElementClass,
  type ElementContext,
  type ElementSet,
  type ElementSpec,
  element,
  elementSet,
  type FileUse,
  type HostFiles,
  type HostFrame,
  type HostPacket,
  type HostService,
  type InformContext,
  type InputPort,
  type OutputPort,
  type PacketPool,
  type PrepareContext,
  type ServiceContext,
  type ServiceHost,
} from "./element/element.ts";
export {
  type Handler,
  type HandlerContext,
  type HandlerEntry,
  type HandlerKind,
  type Handlers,
  type HandlerValue,
  type PlainField,
  type PlainType,
  plainSize,
  plainTypes,
  type ServiceHandler,
} from "./element/handler.ts";
export {
  findHandler,
  HandlerError,
  type HandlerErrorCode,
  type HandlerTree,
  WatchList,
} from "./element/handler-tree.ts";
export type { Information, NameKind } from "./element/information.ts";
export { ElementDefinitionError } from "./element/ownership.ts";
export {
  annotation,
  bufferSize,
  dataLimit,
  dataOffset,
  ipHeader,
  maximumFrame,
  Packet,
  type PacketOwner,
  type PacketParts,
  packetDescriptor,
  type StagedIp,
} from "./element/packet.ts";
export type { RouterDevice } from "./runtime/device-ring.ts";
export { type DriveOptions, drive, SimulatedClock } from "./runtime/driver.ts";
export { clickVersion, Router, type RouterOptions, type RunResult, systemClock } from "./runtime/router.ts";
export { type Drop, type HandlerSources, type RouterHandlers, routerHandlers } from "./runtime/router-handlers.ts";
export type { StateMover, TransferableField } from "./runtime/transfer.ts";
export { type FormerRouter, transferState } from "./runtime/transfer-state.ts";
export { type HashTableOptions, type HostHashTable, hashTable, type StagedHashTable } from "./structures/hash-table.ts";
export { packetList, type StagedPacketList } from "./structures/packet-list.ts";
export { type HostPacketRing, packetRing, type StagedPacketRing } from "./structures/packet-ring.ts";
export { TextLine, type TextPlaces } from "./structures/text-line.ts";
