new Counter({ name: 'ferry_only_in_a_test_total', help: '' });
