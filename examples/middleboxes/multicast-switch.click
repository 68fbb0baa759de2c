// A switch of four ports that sends multicast where somebody listens: it reads what hosts and routers say by IGMP. A multicast router
// is behind port 0, or wherever queries come from.
//
//   clickos run multicast-switch.click --in 0=router.pcap --in 1=host.pcap --out 1=to-host.pcap --out 2=to-other.pcap --read multicast.groups
//   clickos read multicast-switch multicast.groups      # of a VM: each group, and the ports that listen

// Output 0: IPv4 multicast; output 1: all else.
elementclass Port { $device |
  FromDevice($device) -> kinds :: Classifier(0/01005e 12/0800, -);
  kinds [0] -> [0] output;
  kinds [1] -> [1] output;
  input -> Queue(1024) -> ToDevice($device);
}
p0 :: Port(0);
p1 :: Port(1);
p2 :: Port(2);
p3 :: Port(3);

multicast :: IGMPSnooper(ROUTERS 0);
others :: EtherSwitch;

p0 [0] -> [0] multicast [0] -> p0;
p1 [0] -> [1] multicast [1] -> p1;
p2 [0] -> [2] multicast [2] -> p2;
p3 [0] -> [3] multicast [3] -> p3;

p0 [1] -> [0] others [0] -> p0;
p1 [1] -> [1] others [1] -> p1;
p2 [1] -> [2] others [2] -> p2;
p3 [1] -> [3] others [3] -> p3;
