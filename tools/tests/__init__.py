"""The tests of this tree. Each module here is a topic; importing it adds its tests to kit.TESTS."""
