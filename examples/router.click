// An IP router with two interfaces: 10.0.0.0/24 on device 0, everything else behind 192.0.2.1 on device 1.
elementclass Port { $device, $ip, $net, $mac |
  FromDevice($device) -> c :: Classifier(12/0806 20/0001, 12/0806 20/0002, 12/0800, -);
  arpq :: ARPQuerier($ip/$net, $mac);
  out :: Queue(200) -> ToDevice($device);
  c [0] -> ARPResponder($ip $mac) -> out;
  c [1] -> [1] arpq;
  c [2] -> CheckIPHeader(14) -> Strip(14) -> output;
  c [3] -> Discard;
  input -> [0] arpq -> out;
}

inside :: Port(0, 10.0.0.1, 24, 02:00:00:00:00:01);
outside :: Port(1, 192.0.2.2, 24, 02:00:00:00:00:02);
routes :: StaticIPLookup(10.0.0.0/24 0, 192.0.2.0/24 1, 0.0.0.0/0 192.0.2.1 1);

inside -> routes;
outside -> routes;
routes [0] -> DecIPTTL -> inside;
routes [1] -> DecIPTTL -> outside;
