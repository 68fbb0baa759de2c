/**
 * What element classes are written with: arguments, packets, structures for their state, handlers, the host side.
 *
 * @packageDocumentation
 */

export { addressNamed, readPrefix } from "./arguments/address-types.ts";
export {
  formatEtherAddress,
  formatIpAddress,
  formatIpPrefix,
  type IpAddress,
  type IpAddressWithPrefix,
  type IpPrefix,
  parseEtherAddress,
  parseIpAddress,
  parseIpPrefix,
  prefixMask,
} from "./arguments/addresses.ts";
export { type ArgumentType, Mistake, readText, type ValueOf } from "./arguments/argument-type.ts";
export { type Assignment, assignArguments, type GivenArgument } from "./arguments/assign-arguments.ts";
export type { ListType, OptionalPart } from "./arguments/composed.ts";
export {
  type AcceptedSpec,
  type ArgumentSpec,
  accepted,
  type ConfigOf,
  type ConfigSpec,
  deprecated,
  type FixedConfigOf,
  fitting,
  keyword,
  type LiveFields,
  type LiveSpec,
  orFrom,
  positional,
  required,
  rest,
} from "./arguments/config-spec.ts";
export { type LiveOptions, type LiveType, live, type Stored, type StoredType, type Written } from "./arguments/live.ts";
export type { DeviceAddresses, MachineNames, NameTables } from "./arguments/machine-names.ts";
export { parseInteger } from "./arguments/numbers.ts";
export { portNamed, portNames, protocolNamed } from "./arguments/port-types.ts";
export { formatTime } from "./arguments/quantities.ts";
export type { ElementKind, HandlerPath } from "./arguments/references.ts";
export {
  emptyScope,
  type NamedElement,
  type NameKind,
  type NameValues,
  type PortProtocol,
  type Scope,
} from "./arguments/scope.ts";
export * as arg from "./arguments/types.ts";
export { heapOf, type StagedHeap } from "./compile/heap.ts";
export {
  type DevicePort,
  type ElementClass,
  type ElementContext,
  type ElementSet,
  type ElementSpec,
  element,
  elementSet,
  type InformContext,
  type InputPort,
  type OutputPort,
  type PacketPool,
  type PrepareContext,
  type Room,
  type StagedNote,
  type StagedTimer,
  type StateOf,
} from "./element/element.ts";
export type { About, ElementReport } from "./element/element-report.ts";
export {
  type Handler,
  type HandlerContext,
  type HandlerEntry,
  type HandlerFlags,
  type HandlerKind,
  type HandlerPlace,
  HandlerRefusal,
  type HandlerReport,
  type Handlers,
  type HandlerValue,
  type HostHeap,
  type PlainField,
  type PlainType,
  plainSize,
  plainTypes,
  refused,
  type ServiceHandler,
} from "./element/handler.ts";
export { findHandler, HandlerError, type HandlerErrorCode, type HandlerTree } from "./element/handler-tree.ts";
export type { Information } from "./element/information.ts";
export { ElementDefinitionError } from "./element/ownership.ts";
export {
  annotation,
  annotationBytes,
  bufferSize,
  dataLimit,
  dataOffset,
  maximumFrame,
  maximumLargeFrame,
  Packet,
  type PacketOwner,
  type PacketParts,
  type PacketWord,
  packetDescriptor,
  packetType,
  packetWords,
  type StagedIp,
} from "./element/packet.ts";
export {
  type ConfiguredElement,
  type MakeOffer,
  type Offer,
  type Peer,
  type PeerInterface,
  type PeerSearch,
  peerInterface,
} from "./element/peer.ts";
export { readRest } from "./element/read-rest.ts";
export { Refusal } from "./element/refusal.ts";
export type {
  FileUse,
  HostFiles,
  HostFrame,
  HostInput,
  HostPacket,
  HostProcess,
  HostService,
  HostTerminal,
  ServiceContext,
  ServiceHost,
} from "./element/service.ts";
export type { TicketCount, TicketTable } from "./element/tickets.ts";
export type { FormerField, MoverHeap, StateMover, TransferableField } from "./runtime/transfer.ts";
export { anew } from "./structures/anew.ts";
export { ewma, type HostEwma, type HostRate, rate, type StagedEwma, type StagedRate } from "./structures/ewma.ts";
export { fixedPointText } from "./structures/fixed-point.ts";
export { type GapRateParts, gapRate, gapRateOf, type HostGapRate, type StagedGapRate } from "./structures/gap-rate.ts";
export { type HashTableOptions, hashTable, type StagedHashTable } from "./structures/hash-table/hash-table.ts";
export type { HostHashTable, HostTableEntry } from "./structures/hash-table/host-hash-table.ts";
export { type HostPacketHeap, packetHeap, type StagedPacketHeap } from "./structures/packet-heap.ts";
export { type HostPacketList, packetList, type StagedPacketList } from "./structures/packet-list.ts";
export { type HostPacketRing, packetRing, type StagedPacketRing } from "./structures/packet-ring.ts";
export {
  type HostRouteTable,
  type NextHop,
  type Route,
  type RoutePlaces,
  routeTable,
  type StagedRouteTable,
} from "./structures/route-table.ts";
export { TextLine, type TextPlaces } from "./structures/text-line.ts";
export {
  type HostTokenCount,
  type HostTokenRate,
  type StagedTokenCount,
  type StagedTokenRate,
  tokenCount,
  tokenRate,
  tokenRateOf,
} from "./structures/token-bucket.ts";
