/** Where the first frames of a domain's memory are. The guest's own begin at `firstFreeFrame`. */
import { frameSize } from "@clickos/grant-table";
import { type BytesField, bytes, type Struct, struct, type U32Field, type U64Field, u32, u64 } from "@clickos/layout";

/** Frame numbers. Frame 0 stays empty: address 0 is no address. */
export const domainFrames = {
  startInfo: 1,
  sharedInfo: 2,
  console: 3,
  store: 4,
  grantTable: 5,
  grantTableFrames: 8,
  firstFree: 13,
} as const;

/** Address of the first byte that is the guest's own. */
export const firstFreeAddress: number = domainFrames.firstFree * frameSize;

/** `struct start_info`, xen/include/public/xen.h. Frame numbers are the domain's. */
export const startInfo: Struct<{
  magic: BytesField;
  nrPages: U64Field;
  sharedInfo: U64Field;
  flags: U32Field;
  storeMfn: U64Field;
  storeEvtchn: U32Field;
  consoleMfn: U64Field;
  consoleEvtchn: U32Field;
  cmdLine: BytesField;
}> = struct(
  {
    magic: bytes(32),
    nrPages: u64,
    sharedInfo: u64,
    flags: u32,
    storeMfn: u64,
    storeEvtchn: u32,
    consoleMfn: u64,
    consoleEvtchn: u32,
    cmdLine: bytes(1024),
  },
  { name: "start_info", at: { storeMfn: 56, consoleMfn: 72, cmdLine: 128 } },
);

/** `struct xencons_interface`, xen/include/public/io/console.h. */
export const consoleRing: Struct<{
  input: BytesField;
  output: BytesField;
  inCons: U32Field;
  inProd: U32Field;
  outCons: U32Field;
  outProd: U32Field;
}> = struct(
  { input: bytes(1024), output: bytes(2048), inCons: u32, inProd: u32, outCons: u32, outProd: u32 },
  { name: "xencons_interface" },
);
