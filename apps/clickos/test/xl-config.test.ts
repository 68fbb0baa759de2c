import { describe, expect, it } from "vitest";
import { parseVif } from "../src/commands/vif-text.ts";
import { isXlConfig, parseXlConfig } from "../src/commands/xl-config.ts";

const read = (text: string) => parseXlConfig("vm.cfg", text);

describe("xl.cfg", () => {
  it("is read as xl does", () => {
    expect(
      read(`# a guest
name = "fw" ; memory = 8
kernel='/srv/fw.cos'
vcpus = 1
cpus = "2"
vif = [ "bridge=vale0,mac=02:00:00:00:00:07", # the first
        'vale1,rate=10Mb/s',
      ]
on_crash = "coredump-restart"
extra = ""
vnc = 0
`),
    ).toEqual({
      name: "fw",
      kernel: "/srv/fw.cos",
      memoryKiB: 8192,
      pcpu: 2,
      vifs: [
        { bridge: "vale0", mac: "02:00:00:00:00:07" },
        { bridge: "vale1", rate: "10Mb/s" },
      ],
      onCrash: "restart",
    });
  });

  it.each([
    ['name = "a"\nvcpus = 2\n', "vm.cfg:2: vcpus: a domain has one vCPU"],
    ["nmae = 'a'", "vm.cfg:1: 'nmae' is not supported"],
    ["\n\nname = fw", "vm.cfg:3: a number or a string in quotes is expected, not fw"],
    ["name 'a'", "vm.cfg:1: '=' is expected after 'name'"],
    ['vif = [ "bridge=vale0"', "vm.cfg:1: a list has no ']'"],
    ['vif = [ "bridge=vale0,mca=1" ]', "no key 'mca'"],
    ['name = "a" "b"', "the end of the line is expected"],
    ['name = "a', "is not expected"],
    ['on_crash = "explode"', "on_crash 'explode'"],
    ['extra = "quiet"', "takes no command line"],
    ["memory = 'lots'", "memory is a number"],
  ])("complains of %j with the line", (text, message) => {
    expect(() => read(text)).toThrow(message);
  });

  it("is told from a configuration", () => {
    expect(isXlConfig("fw.cfg", "")).toBe(true);
    expect(isXlConfig("fw", 'kernel = "fw.cos"')).toBe(true);
    expect(isXlConfig("fw.click", "FromDevice(0) -> Discard")).toBe(false);
  });
});

describe("an interface", () => {
  it("is a switch's name, or xl's keys", () => {
    expect(parseVif("vale0")).toEqual({ bridge: "vale0" });
    expect(parseVif("mac=02:00:00:00:00:01, bridge=b,mtu=9000,antispoof=no,mode=+vale,addresses=a+b")).toEqual({
      mac: "02:00:00:00:00:01",
      bridge: "b",
      mtu: 9000,
      antiSpoof: false,
      mode: "+vale",
      addresses: ["a", "b"],
    });
  });
  it.each([
    ["", "names no switch"],
    ["mac=02:00:00:00:00:01", "names no switch"],
    ["bridge=a,bridge=b", "given twice"],
    ["bridge=a,model=e1000", "all interfaces are paravirtual; leave it out"],
    ["bridge=a,mtu=big", "mtu is a number"],
    ["bridge=a,mode=fast", "mode is one of"],
    ["bridge=a,vale1", "is no KEY=VALUE"],
  ])("refuses %j", (text, message) => {
    expect(() => parseVif(text)).toThrow(message);
  });
});
